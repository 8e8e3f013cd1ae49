import { describe, expect, it } from 'vitest';
import { stageContext } from '../../../../src/activities/prediction/stage-context.ts';
import { FailureType } from '../../../../src/contract/failure-types.ts';
import { readOwner } from '../../../../src/run/owner.ts';
import {
  acceptedPrediction,
  claimedByOther,
  IN_PREDICTION,
  type AcceptedPrediction,
} from '../../../support/accepted-prediction.ts';
import { asActivity } from '../../../support/activity-context.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const SERVER = { address: 'localhost:7233', namespace: 'default' };

describe('stageContext', () => {
  const stage = (index: number, at: AcceptedPrediction, beats: unknown[] = [], info = {}) => {
    const scope = { signal: new AbortController().signal, describe: (beat: unknown) => void beats.push(beat) };
    const input = { contract: 1 as const, run: at.run, request: at.digest, index };
    const context = { info: { ...IN_PREDICTION.info, ...info } };
    return asActivity(() => stageContext('merging', input, scope, SERVER), context);
  };

  it('an input of the request → the input, the folder claimed until the workflow is closed; progress beats', async () => {
    const at = await acceptedPrediction();
    const beats: unknown[] = [];
    const context = await stage(0, at, beats);
    expect(context).toMatchObject({ directory: at.directory, input: at.request.inputs[0] });
    expect(await readOwner(at.directory)).toMatchObject({ heldWhileOpen: true, workflowId: 'virnucpro-0123456789ab' });
    context.onProgress?.(3);
    context.onProgress?.(4, 5);
    const { stem } = context.input;
    expect(beats).toEqual([
      { stage: 'merging', stem, done: 3 },
      { stage: 'merging', stem, done: 4, total: 5 },
    ]);
  });

  it('an index that the request does not have; a folder that another run has → RunError.InvalidInput', async () => {
    const at = await acceptedPrediction();
    const type = FailureType.RunInvalidInput;
    await expect(stage(7, at)).rejects.toMatchObject({ type, message: expect.stringContaining('input 7') as string });
    const theirs = await acceptedPrediction();
    await claimedByOther(theirs.directory);
    await expect(stage(0, theirs)).rejects.toMatchObject({
      type,
      message: expect.stringContaining('belongs to workflow other') as string,
    });
  });

  it("a workflow of the user's own → claims nothing, so that several of theirs may share a prediction", async () => {
    const at = await acceptedPrediction();
    await stage(0, at, [], { workflowType: 'mine' });
    expect(await readOwner(at.directory)).toBeUndefined();
  });

  it('a folder without the run.json of the prediction → CheckpointError.Unavailable, which another worker may cure', async () => {
    const at = await acceptedPrediction();
    const elsewhere = { ...at, run: { ...at.run, directory: await temporaryFolder() } };
    await expect(stage(0, elsewhere)).rejects.toMatchObject({ type: FailureType.CheckpointUnavailable });
  });
});
