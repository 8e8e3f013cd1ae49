import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { tellingLostDevice } from '../../../src/worker/lost-device.ts';

/** What an activity that ends so tells, and what it still throws. */
async function told(end: () => Promise<string>): Promise<{ reasons: string[]; ending: unknown }> {
  const reasons: string[] = [];
  const activity = tellingLostDevice(end, (reason) => reasons.push(reason));
  return { reasons, ending: await activity('input').catch((error: unknown) => error) };
}

describe('tellingLostDevice', () => {
  test('an attempt that loses its device → told why, and the failure passes on as it is', async () => {
    const failure = ApplicationFailure.create({ type: FailureType.EmbeddingDeviceLost, message: 'no CUDA' });
    expect(await told(() => Promise.reject(failure))).toEqual({ reasons: ['no CUDA'], ending: failure });
  });

  test('other ends → nothing is told', async () => {
    const failure = ApplicationFailure.create({ type: FailureType.EmbeddingEmbedder, message: 'died' });
    expect(await told(() => Promise.reject(failure))).toEqual({ reasons: [], ending: failure });
    expect(await told(() => Promise.resolve('done'))).toEqual({ reasons: [], ending: 'done' });
  });
});
