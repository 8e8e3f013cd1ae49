import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UNOBSERVED } from '../../../../src/activities/observation.ts';
import { finishPrediction } from '../../../../src/activities/prediction/finish-prediction.ts';
import type { FinishPredictionInput } from '../../../../src/contract/prediction.ts';
import { FailureType } from '../../../../src/contract/failure-types.ts';
import { ResidentEmbedders } from '../../../../src/embedders/index.ts';
import { readOwner } from '../../../../src/run/owner.ts';
import { acceptedPrediction, claimedByOther, IN_PREDICTION, OTHER } from '../../../support/accepted-prediction.ts';
import { asActivity } from '../../../support/activity-context.ts';

const SERVER = { address: 'localhost:7233', namespace: 'default' };
const EMBEDDING = { tasks: 0, found: 0, embedded: 0, failed: 0, skipped: 0, skippedSequences: 0, rows: 0 };

async function finish(run: { directory: string; runId: string }, more: Partial<FinishPredictionInput>) {
  const startedAt = new Date().toISOString();
  const input: FinishPredictionInput = { contract: 1, run, partial: false, embedding: EMBEDDING, startedAt, ...more };
  const scope = { signal: new AbortController().signal, describe: () => {}, observation: UNOBSERVED };
  const dependencies = { embedders: new ResidentEmbedders(), server: SERVER };
  return asActivity(() => finishPrediction(input, scope, dependencies), IN_PREDICTION);
}

const CANCELLED = { cancelled: true };
const REFUSED = { failure: { type: FailureType.RunInvalidInput, message: 'belongs to workflow other' } };

describe('activity finishPrediction', () => {
  it('the claim was lost meanwhile and nobody has the folder → reported, and given up again', async () => {
    const { directory, run, digest } = await acceptedPrediction();
    const outcome = await finish(run, { request: digest, ...CANCELLED });
    expect(outcome).toMatchObject({ outcome: 'cancelled', exitCode: 130, report: 'report.json' });
    expect(await readOwner(directory)).toBeUndefined();
    expect(existsSync(join(directory, 'report.html'))).toBe(true);
  });

  it('another run has the folder by now → told how it ended, nothing is written there', async () => {
    const { directory, run, digest } = await acceptedPrediction();
    await claimedByOther(directory);
    expect(await finish(run, { request: digest, ...CANCELLED })).toMatchObject({ outcome: 'cancelled', report: '' });
    expect(await readOwner(directory)).toMatchObject(OTHER);
    expect(existsSync(join(directory, 'report.json'))).toBe(false);
  });

  it('refused because another had the folder, which has ended since → its report is left alone', async () => {
    const { directory, run } = await acceptedPrediction();
    writeFileSync(join(directory, 'report.json'), '{}');
    const outcome = await finish(run, REFUSED);
    expect(outcome).toMatchObject({ outcome: 'failed', failureType: FailureType.RunInvalidInput, report: '' });
    expect(readFileSync(join(directory, 'report.json'), 'utf8')).toBe('{}');
  });
});
