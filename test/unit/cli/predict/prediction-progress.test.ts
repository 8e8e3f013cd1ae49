import { describe, expect, it } from 'vitest';
import { finalProgress, progressOf } from '../../../../src/cli/predict/prediction-progress.ts';
import type { OpenInputStatus, PredictionStatus } from '../../../../src/client/index.ts';
import { PREDICTION_STAGES, type PredictionOutcome } from '../../../../src/contract/prediction.ts';
import type { RunProgress } from '../../../../src/contract/progress.ts';

const NOTHING = { tasks: 0, found: 0, embedded: 0, failed: 0, skipped: 0, skippedSequences: 0, rows: 0 };
const STATUS: PredictionStatus = {
  ...{ schema: 1, phase: 'predicting', paused: false, inputs: 4, done: 1, open: [], embedding: NOTHING },
  ...{ spooledRows: 0, openRows: 0, runningTasks: 0, waitingTasks: 0, troubles: [] },
};
const RUN: RunProgress = {
  ...{ schema: 1, phase: 'embedding', paused: false, total: 4, openPartitions: 1 },
  ...{ found: 1, embedded: 1, failed: 0, skipped: 0 },
};

function open(more: Partial<OpenInputStatus>): OpenInputStatus {
  return { index: 1, stem: 'b', stage: 'chunking', ...more };
}

const DONE: RunProgress = { ...RUN, embedded: 3 };

function embedding(runs: Partial<OpenInputStatus>): OpenInputStatus {
  return open({ stage: 'embedding', nucleotide: 'n', protein: 'p', ...runs });
}

describe('progressOf', () => {
  it('not checked yet → the phase, and no counts that anybody could believe', () => {
    const checking = { ...STATUS, phase: 'checking', inputs: 0, done: 0 } as const;
    expect(progressOf(checking)).toMatchObject({ phase: 'checking', total: 0 });
  });

  it('two open inputs → the stage of each, what of their files is embedded, and the rows of open files', () => {
    const inputs = [
      embedding({ nucleotideRun: RUN, proteinRun: DONE }),
      open({ stem: 'c', stage: 'translating', progress: { done: 3, total: 9 } }),
    ];
    const progress = progressOf({ ...STATUS, open: inputs, spooledRows: 12, openRows: 40 });
    expect(progress.phase).toBe('embedding b, translating c');
    expect(progress.counts).toEqual([
      ...['1/4 inputs', 'translating 3/9', '6/8 files embedded', '12/40 rows of open files'],
    ]);
    expect([progress.done > 25, progress.done < 100, progress.total]).toEqual([true, true, 100]);
  });

  it('through all stages → never less than before, and less than all', () => {
    const both = { nucleotideRun: RUN, proteinRun: RUN };
    const { nucleotide: _, ...one } = embedding({ proteinRun: RUN });
    const runs = [open({ stage: 'embedding' }), embedding(both), embedding({ ...both, nucleotideRun: DONE }), one];
    const inputs = PREDICTION_STAGES.flatMap((stage) => (stage === 'embedding' ? runs : [open({ stage })]));
    const shares = inputs.map((input) => progressOf({ ...STATUS, inputs: 1, done: 0, open: [input] }).done);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(new Set(shares).size).toBe(shares.length - 1);
    expect(shares.at(-1)).toBeLessThan(100);
  });

  it('a side has ended → its files still count', () => {
    const ended = { ...NOTHING, tasks: 4, embedded: 4 };
    const { protein: _, ...input } = embedding({ nucleotideRun: RUN });
    expect(progressOf({ ...STATUS, open: [input], embedding: ended }).counts).toContain('6/8 files embedded');
  });

  it('paused → that is what is shown', () => {
    expect(progressOf({ ...STATUS, paused: true, open: [open({})] }).phase).toBe('paused');
  });
});

it('finalProgress → the outcome, the inputs that have results, all rows', () => {
  const outcome = { outcome: 'partial', inputs: 4, predicted: 3, embedding: { ...NOTHING, rows: 9 } };
  expect(finalProgress(outcome as PredictionOutcome)).toEqual({
    ...{ phase: 'partial', done: 75, total: 100 },
    counts: ['3/4 inputs', '9 rows embedded'],
  });
});
