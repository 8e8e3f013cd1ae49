import { describe, expect, it } from 'vitest';
import { formatGoal } from '../../../bench/lib/scale-goals.mjs';
import { parseOptions } from '../../../bench/lib/scale-options.mjs';
import { memoryOf, type Sample } from '../../../bench/lib/scale-run.mjs';
import { slotUse } from '../../../bench/lib/slot-use.mjs';

describe('parseOptions', () => {
  it('nothing → the sizes that the goals are for', () => {
    expect(parseOptions([])).toMatchObject({ files: 100_000, inFlight: 32, ratioFiles: 2000, planning: 10_000 });
  });

  it.each([
    [['--files', 'many'], '--files many: expected a whole number of at least 0'],
    [['--in-flight', '0'], '--in-flight 0: expected a whole number of at least 1'],
    [['--fast'], "Unknown option '--fast'"],
  ])('%j → %s', (argv, message) => {
    expect(() => parseOptions(argv)).toThrow(message);
  });
});

describe('slotUse', () => {
  it('slots that always have a task → all busy', () => {
    const tasks = [0, 1, 2, 3].map((started) => ({ scheduled: -1, started, completed: started + 1 }));
    expect(slotUse(tasks, 1)).toEqual({ busy: 1, starved: 0, taskMs: 1000, seconds: 3 });
  });

  it('a slot that is free while a task waits → idle, not starved', () => {
    const tasks = [
      { scheduled: 0, started: 0, completed: 1 },
      { scheduled: 0, started: 3, completed: 4 },
      { scheduled: 0, started: 4, completed: 5 },
    ];
    expect(slotUse(tasks, 1)).toMatchObject({ busy: 0.5, starved: 0 });
  });

  it('a slot that is free while none waits → starved', () => {
    const tasks = [
      { scheduled: 0, started: 0, completed: 1 },
      { scheduled: 2, started: 3, completed: 4 },
      { scheduled: 2, started: 4, completed: 5 },
    ];
    expect(slotUse(tasks, 1)).toMatchObject({ busy: 0.5, starved: 0.25 });
  });
});

describe('memoryOf', () => {
  const sample = (done: number, rssBytes: number): Sample => ({
    ...{ seconds: done, phase: 'embedding', done, rssBytes, heapBytes: 1 },
    ...{ serverRssBytes: 1, workerCpuMs: 1, serverCpuMs: 1 },
  });

  it('samples → between 10 % and 90 % of the files, and at five shares of them', () => {
    const rss = [500, 200, 300, 250, 260, 240, 220, 210, 205, 230, 900];
    const memory = memoryOf(
      rss.map((bytes, at) => sample(10 * at, bytes)),
      100,
    );
    expect(memory).toMatchObject({ lowest: 200, highest: 300, deviation: 50, samples: 9 });
    expect(memory.at.map(({ share, rssBytes }) => [share, rssBytes])).toEqual([
      [0.1, 200],
      [0.25, 250],
      [0.5, 240],
      [0.75, 205],
      [0.9, 230],
    ]);
  });

  it('no sample in between → a goal that is missed', () => {
    const { deviation } = memoryOf([sample(0, 1)], 100);
    expect(formatGoal({ name: 'memory: ±', measured: deviation, bound: 50, unit: 'MB' })).toMatch(/^MISSED/);
  });
});
