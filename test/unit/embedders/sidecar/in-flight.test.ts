import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { InFlight } from '../../../../src/embedders/sidecar/in-flight.ts';
import { deferred } from '../../../../src/platform/deferred.ts';

const LIVE = new AbortController().signal;

describe('InFlight', () => {
  it('more works than places → so many at a time, in the order in which they came', async () => {
    const places = new InFlight(2);
    const ends = Array.from({ length: 4 }, () => deferred<void>());
    const begun: number[] = [];
    const works = ends.map((end, at) =>
      places.pass(() => {
        begun.push(at);
        return end.promise;
      }, LIVE),
    );
    await setImmediate();
    expect(begun).toEqual([0, 1]);
    ends[1]?.resolve();
    await works[1];
    await setImmediate();
    expect(begun).toEqual([0, 1, 2]);
    for (const end of ends) end.resolve();
    await Promise.all(works);
    expect(begun).toEqual([0, 1, 2, 3]);
  });

  it('a work that fails → its error, and its place is free', async () => {
    const places = new InFlight(1);
    await expect(places.pass(() => Promise.reject(new Error('no')), LIVE)).rejects.toThrow('no');
    expect(await places.pass(() => Promise.resolve('next'), LIVE)).toBe('next');
  });

  it('aborted while it waits → its reason, and those behind it go on', async () => {
    const places = new InFlight(1);
    const end = deferred<void>();
    const first = places.pass(() => end.promise, LIVE);
    const abort = new AbortController();
    const aborted = places.pass(() => Promise.resolve('never'), abort.signal);
    const behind = places.pass(() => Promise.resolve('behind'), LIVE);
    abort.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    end.resolve();
    await first;
    expect(await behind).toBe('behind');
  });
});
