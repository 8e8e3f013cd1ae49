import { describe, expect, it } from 'vitest';
import { progressView } from '../../../../src/cli/session/progress-view.ts';

/** What is written where there is no terminal. */
function lines(): { stream: NodeJS.WriteStream; written: string[] } {
  const written: string[] = [];
  const stream = { isTTY: false, write: (text: string) => written.push(text) };
  return { stream: stream as unknown as NodeJS.WriteStream, written };
}

describe('progressView without a terminal', () => {
  it('→ a line for each phase and for each tenth, and no more', () => {
    const { stream, written } = lines();
    const view = progressView(true, stream);
    const counts = (done: number) => [`${done}/100 files`, '3/4 rows'];
    view.update({ phase: 'planning', done: 0, total: 0, counts: [] });
    for (let done = 0; done <= 100; done++) view.update({ phase: 'embedding', done, total: 100, counts: counts(done) });
    expect(written[0]).toBe('planning\n');
    expect(written[1]).toBe('embedding: 0/100 files, 3/4 rows\n');
    expect(written).toHaveLength(12);
    expect(written.at(-1)).toBe('embedding: 100/100 files, 3/4 rows\n');
  });

  it('not asked for → nothing', () => {
    const { stream, written } = lines();
    const view = progressView(false, stream);
    view.update({ phase: 'embedding', done: 0, total: 1, counts: ['0/1 files'] });
    view.finish({ phase: 'success', done: 1, total: 1, counts: ['1/1 files'] });
    expect(written).toEqual([]);
  });
});
