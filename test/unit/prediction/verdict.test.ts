import { describe, expect, it } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import type { FinishPredictionInput } from '../../../src/contract/prediction.ts';
import type { InputTally, PredictionTally } from '../../../src/prediction/tally.ts';
import { judgePrediction } from '../../../src/prediction/verdict.ts';

const NO_EMBEDDING = { tasks: 0, found: 0, embedded: 0, failed: 0, skipped: 0, skippedSequences: 0, rows: 0 };

const finishing = (more: Partial<FinishPredictionInput> = {}): FinishPredictionInput => ({
  ...{ contract: 1, run: { directory: '/out', runId: 'r' }, partial: false },
  ...{ embedding: NO_EMBEDDING, startedAt: new Date().toISOString() },
  ...more,
});

const tally = (more: Partial<PredictionTally> = {}): PredictionTally => ({
  inputs: [{}, {}] as InputTally[],
  ...{ predicted: 2, contigs: 120, viralContigs: 3, chunks: 950, viralChunks: 17, sequences: 1800 },
  ...{ missingParts: 0, missingSequences: 0 },
  ...more,
});

describe('judgePrediction', () => {
  it('complete results → success, exit 0, the calls in one line', () => {
    const outcome = judgePrediction(finishing(), tally(), []);
    expect(outcome).toMatchObject({ outcome: 'success', exitCode: 0, inputs: 2, predicted: 2, sequences: 1800 });
    expect(outcome.message).toBe('3 of 120 contigs are viral (17 of 950 chunks, 2 inputs)');
  });

  it('one of each → singular; nothing to classify → said so, success', () => {
    const inputs = [{}] as InputTally[];
    const one = tally({ inputs, predicted: 1, contigs: 1, viralContigs: 1, chunks: 1, viralChunks: 1 });
    expect(judgePrediction(finishing(), one, []).message).toBe('1 of 1 contig is viral (1 of 1 chunk, 1 input)');
    const none = tally({ viralContigs: 0, viralChunks: 0, sequences: 0 });
    expect(judgePrediction(finishing(), none, [])).toMatchObject({
      outcome: 'success',
      message: '0 of 120 contigs are viral (0 of 950 chunks, 2 inputs; no frame is free of stops)',
    });
  });

  it('holes on disk, or an embedding run with holes → partial, exit 2, what is missing', () => {
    const holes = tally({ predicted: 1, missingParts: 1, missingSequences: 4 });
    const failures = [{ path: 'a_protein/output_1_ESM.pt', reason: 'failed' }];
    expect(judgePrediction(finishing(), holes, failures)).toMatchObject({
      ...{ outcome: 'partial', exitCode: 2, offenders: failures },
      message:
        'finished with holes: 3 of 120 contigs are viral (17 of 950 chunks, 2 inputs); 1 input without complete results, 1 part missing, 4 sequences missing; see report.json',
    });
    expect(judgePrediction(finishing({ partial: true }), tally(), [])).toMatchObject({ outcome: 'partial' });
  });

  it('a failure → its type and message, its offenders before what is on disk', () => {
    const offenders = [{ path: 'a', reason: 'b' }];
    const failure = { type: FailureType.CheckpointCorrupted, message: 'corrupted: a', offenders };
    const failures = [{ path: 'x', reason: 'y' }];
    expect(judgePrediction(finishing({ failure, partial: true }), tally(), failures)).toMatchObject({
      ...{ outcome: 'checkpoint', exitCode: 3, failureType: failure.type, offenders: [...offenders, ...failures] },
    });
    const other = { type: FailureType.EmbeddingEmbedder, message: 'gone' };
    expect(judgePrediction(finishing({ failure: other }), tally(), failures)).toMatchObject({
      ...{ outcome: 'failed', exitCode: 1, message: 'gone', offenders: failures },
    });
  });

  it('cancelled → exit 130, how far it came', () => {
    const outcome = judgePrediction(finishing({ cancelled: true }), tally({ predicted: 1 }), []);
    expect(outcome).toMatchObject({ outcome: 'cancelled', exitCode: 130 });
    expect(outcome.message).toBe('cancelled: 1 of 2 inputs predicted; start again to go on');
  });

  it('five hundred failures with long names → at most 2 KiB, five of them', () => {
    const failures = Array.from({ length: 500 }, (_, at) => ({
      path: `${'ä'.repeat(300)}${at}`,
      reason: 'ö'.repeat(3000),
    }));
    const outcome = judgePrediction(finishing({ partial: true }), tally(), failures);
    expect(Buffer.byteLength(JSON.stringify(outcome))).toBeLessThanOrEqual(2048);
    expect(outcome.offenders.length).toBeGreaterThan(2);
  });
});
