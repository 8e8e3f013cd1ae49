import { FailureType } from '../../contract/failure-types.ts';
import type { PredictionStage, PredictionStageInput, StageHeartbeat } from '../../contract/prediction.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { loadPredictionRequest, type StageContext } from '../../prediction/index.ts';
import { requireManifest } from '../../run/manifest.ts';
import type { ActivityScope } from '../activity-scope.ts';
import type { ServerIdentity } from '../dependencies.ts';
import { keepFolder } from './keep-folder.ts';

/**
 * What a stage works with. Its folder must be seen by this worker, and not belong to another run by now.
 *
 * @throws VirnucproError `CheckpointError.Unavailable` (no such folder here), `RunError.InvalidInput` (another run has it, no
 *   such input)
 */
export async function stageContext(
  stage: PredictionStage,
  { run, request: digest, index }: PredictionStageInput,
  { signal, describe }: ActivityScope,
  server: ServerIdentity,
): Promise<StageContext> {
  const { directory, runId } = run;
  await requireManifest(directory, runId);
  await keepFolder(directory, server);
  const request = await loadPredictionRequest(directory, digest);
  const input = request.inputs[index];
  if (input === undefined) {
    const message = `input ${index} was asked for, but request ${digest} in ${directory} has ${request.inputs.length}`;
    throw new VirnucproError(FailureType.RunInvalidInput, message);
  }
  const { stem } = input;
  return {
    directory,
    request,
    input,
    signal,
    onProgress: (done, total) => {
      const beat: StageHeartbeat = { stage, stem, done, ...(total === undefined ? {} : { total }) };
      describe(beat);
    },
  };
}
