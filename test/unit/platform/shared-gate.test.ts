import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { deferred } from '../../../src/platform/deferred.ts';
import { SharedGate } from '../../../src/platform/shared-gate.ts';

const LIVE = new AbortController().signal;

/** Visitors of one gate: who is inside, and how to send them home. */
function place() {
  const gate = new SharedGate();
  const inside: string[] = [];
  const visit = (name: string, alone: boolean, signal = LIVE) => {
    const end = deferred<void>();
    const work = async () => {
      inside.push(name);
      await end.promise;
      inside.splice(inside.indexOf(name), 1);
      return name;
    };
    return { done: gate.pass(alone, work, signal), leave: () => end.resolve(), fail: (e: Error) => end.reject(e) };
  };
  return { inside, visit };
}

describe('SharedGate', () => {
  it('many who share → all inside at once; what the work gives is given', async () => {
    const { inside, visit } = place();
    const [a, b] = [visit('a', false), visit('b', false)];
    await setImmediate();
    expect(inside).toEqual(['a', 'b']);
    a.leave();
    b.leave();
    expect(await Promise.all([a.done, b.done])).toEqual(['a', 'b']);
  });

  it('one who wants to be alone → waits for those inside; those who come later wait for him, in order', async () => {
    const { inside, visit } = place();
    const [a, alone, b, c] = [visit('a', false), visit('alone', true), visit('b', false), visit('c', false)];
    await setImmediate();
    expect(inside).toEqual(['a']);
    a.leave();
    await a.done;
    await setImmediate();
    expect(inside).toEqual(['alone']);
    alone.leave();
    await alone.done;
    await setImmediate();
    expect(inside).toEqual(['b', 'c']);
    for (const visitor of [b, c]) visitor.leave();
    await Promise.all([b.done, c.done]);
  });

  it('work that throws → thrown, the gate is free again', async () => {
    const { inside, visit } = place();
    const alone = visit('alone', true);
    const next = visit('next', true);
    await setImmediate();
    alone.fail(new Error('failed'));
    await expect(alone.done).rejects.toThrow('failed');
    await setImmediate();
    expect(inside).toContain('next');
    next.leave();
    expect(await next.done).toBe('next');
  });

  it('an abort while one waits → its reason; those behind him get in', async () => {
    const { inside, visit } = place();
    const abort = new AbortController();
    const [a, alone, b] = [visit('a', false), visit('alone', true, abort.signal), visit('b', false)];
    await setImmediate();
    abort.abort(new Error('enough'));
    await expect(alone.done).rejects.toThrow('enough');
    await setImmediate();
    expect(inside).toEqual(['a', 'b']);
    await expect(visit('late', false, abort.signal).done).rejects.toThrow('enough');
    for (const visitor of [a, b]) visitor.leave();
    await Promise.all([a.done, b.done]);
  });
});
