import { defaultDataConverter } from '@temporalio/common';
import {
  encodeErrorToFailure,
  encodeToPayload,
  loadDataConverter,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import { ApplicationFailure, type LoadedDataConverter } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import type { OpenTask } from '../../../src/client/open-tasks.ts';
import { pendingWork } from '../../../src/client/pending-work.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { encryptingConverter, makeKey } from '../../support/encrypting-converter.ts';

const TROUBLE = 'ENOSPC: no space left on device, write a_KMER.pt';

async function openTask(converter: LoadedDataConverter): Promise<OpenTask> {
  const failure = ApplicationFailure.create({ message: TROUBLE, type: FailureType.CheckpointUnavailable });
  const activity = {
    activityType: { name: 'embedFile' },
    heartbeatDetails: {
      payloads: [await encodeToPayload(converter, { checkpoint: 'a_KMER.pt', durableRows: 7, rows: 9 })],
    },
    lastFailure: await encodeErrorToFailure(converter, failure),
  };
  return { queue: 'q', type: 'activity', state: 'running', since: 0, activity };
}

const encrypting = async () => loadDataConverter(await encryptingConverter(makeKey()));

describe('pendingWork', () => {
  it.each([
    ['plain payloads', async () => defaultDataConverter],
    ['encrypted payloads and failures', encrypting],
  ])('%s → rows, and the last failure of each task once', async (_, make) => {
    const converter = await make();
    const tasks = [await openTask(converter), await openTask(converter)];
    const work = { spooledRows: 14, openRows: 18, runningTasks: 2, waitingTasks: 0, troubles: [TROUBLE] };
    expect(await pendingWork(tasks, converter)).toEqual(work);
  });

  it('encrypted with another key → throws, and makes no numbers up', async () => {
    const task = await openTask(await encrypting());
    await expect(pendingWork([task], await encrypting())).rejects.toThrow('payload encrypted with another key');
  });
});
