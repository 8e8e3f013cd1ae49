import { describe, expect, it } from 'vitest';
import { PredictionState } from '../../../src/workflows/prediction-state.ts';

const FIRST = { tasks: 10, found: 4, embedded: 6, failed: 0, skipped: 0, skippedSequences: 1, rows: 100 };
const NOTHING = { tasks: 0, found: 0, embedded: 0, failed: 0, skipped: 0, skippedSequences: 0, rows: 0 };

describe('PredictionState: counts of embedding runs', () => {
  it('two runs → summed', () => {
    const state = new PredictionState();
    state.add('a', FIRST);
    state.add('b', { tasks: 1, found: 1, rows: 2 });
    expect(state.embedding).toEqual({ ...FIRST, tasks: 11, found: 5, rows: 102 });
  });

  it('a run that embeds two files again, one of which fails → each file once, made by this prediction', () => {
    const state = new PredictionState();
    state.add('a', FIRST);
    state.add('a', { ...FIRST, found: 8, embedded: 1, failed: 1, rows: 90 });
    expect(state.embedding).toEqual({ ...FIRST, found: 2, embedded: 7, failed: 1, rows: 90 });
  });

  it('a run that ends before it has a plan, the second time → what it had told before', () => {
    const state = new PredictionState();
    state.add('a', FIRST);
    state.add('a', {});
    expect(state.embedding).toEqual(FIRST);
  });

  it('progress while a run embeds again → without what it tells itself; when it has ended → with it', () => {
    const state = new PredictionState();
    const input = state.enter(0, 'embedding');
    state.add('a', FIRST);
    input.nucleotide = 'a';
    expect(state.progress(false).embedding).toEqual(NOTHING);
    delete input.nucleotide;
    expect(state.progress(false).embedding).toEqual(FIRST);
  });
});
