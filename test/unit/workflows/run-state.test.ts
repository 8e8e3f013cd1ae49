import { describe, expect, it } from 'vitest';
import type { PartitionProgress } from '../../../src/contract/partition.ts';
import { RunState } from '../../../src/workflows/run-state.ts';

describe('RunState', () => {
  it('nothing known yet → zeros', () => {
    expect(new RunState().progress(false)).toEqual({
      schema: 1,
      phase: 'checking',
      paused: false,
      total: 0,
      found: 0,
      embedded: 0,
      failed: 0,
      skipped: 0,
      openPartitions: 0,
    });
  });

  it('open partitions count with their last word, ended ones with their result', () => {
    const state = new RunState();
    state.opened('p1');
    state.opened('p2');
    state.told({ partition: 'p1', embedded: 3, found: 0, failed: 0 });
    state.told({ partition: 'p1', embedded: 5, found: 1, failed: 1 });
    expect(state.progress(true)).toMatchObject({ paused: true, embedded: 5, found: 1, failed: 1, openPartitions: 2 });
    state.closed('p1', { embedded: 8, found: 1, failed: 1 });
    expect(state.progress(false)).toMatchObject({ embedded: 8, openPartitions: 1 });
  });

  it('a partition that failed → its last word stays', () => {
    const state = new RunState();
    state.opened('p1');
    state.told({ partition: 'p1', embedded: 3, found: 0, failed: 0 });
    state.closed('p1', undefined);
    expect(state.progress(false)).toMatchObject({ embedded: 3, openPartitions: 0 });
  });

  it('a word of a partition that has ended or never was → passed over', () => {
    const state = new RunState();
    state.opened('p1');
    state.closed('p1', { embedded: 1, found: 0, failed: 0 });
    for (const partition of ['p1', 'p9']) state.told({ partition, embedded: 100, found: 0, failed: 0 });
    expect(state.progress(false)).toMatchObject({ embedded: 1 });
  });

  it.each([null, undefined, 5, {}, { partition: 'p1' }, { partition: 'p1', embedded: '1', found: 0, failed: 0 }])(
    'told %j → passed over',
    (nonsense) => {
      const state = new RunState();
      state.opened('p1');
      state.told(nonsense as unknown as PartitionProgress);
      expect(state.progress(false)).toMatchObject({ embedded: 0, openPartitions: 1 });
    },
  );
});
