import { FailureType } from '../../contract/failure-types.ts';
import type {
  CheckedPrediction,
  CheckPredictionInput,
  PredictionTuning,
  PredictVirusInput,
} from '../../contract/prediction.ts';
import { checkPredictionRequest, storePredictionRequest, type PredictionRequest } from '../../prediction/index.ts';
import { DEFAULT_TUNING } from '../../run/compatibility.ts';
import { openManifest, replaceManifest, requireManifest, unwritable } from '../../run/manifest.ts';
import { claimDirectory } from '../../run/owner.ts';
import { sweepRunFolder } from '../../run/sweep-run-folder.ts';
import { parse } from '../../schemas/parse.ts';
import { predictVirusInputSchema } from '../../schemas/prediction.ts';
import type { ActivityScope } from '../activity-scope.ts';
import { claimantOf, openProbe } from '../claimant.ts';
import type { ActivityDependencies } from '../dependencies.ts';

const DEFAULT_PREDICTION_TUNING: Required<PredictionTuning> = {
  ...DEFAULT_TUNING,
  openInputs: 2,
  inputsPerExecution: 100,
};

/** Validates the request, claims DIR, reads inputs and classifier, compares them with run.json and adds what is new. */
export async function checkPrediction(
  { request }: CheckPredictionInput,
  scope: ActivityScope,
  { server }: ActivityDependencies,
): Promise<CheckedPrediction> {
  const input: PredictVirusInput = parse(predictVirusInputSchema, request, 'input of predictVirus');
  const { directory } = input;
  try {
    const manifest =
      input.runId === undefined
        ? await openManifest(directory)
        : await requireManifest(directory, input.runId, FailureType.RunInvalidInput);
    const claimant = await claimantOf(server);
    await claimDirectory(directory, { ...claimant, heldWhileOpen: true }, openProbe(server, claimant));
    await sweepRunFolder(directory);
    const checked = await checkPredictionRequest(input, manifest, scope.signal);
    await replaceManifest(directory, checked.manifest);
    const digest = await storePredictionRequest(directory, checked.request);
    return asked(checked.request, directory, manifest.runId, digest, input.tuning);
  } catch (error) {
    throw unwritable(directory, error);
  }
}

function asked(
  request: PredictionRequest,
  directory: string,
  runId: string,
  digest: string,
  tuning: PredictionTuning = {},
): CheckedPrediction {
  const { inputs, nucleotide, protein, batchSize } = request;
  const { onBadCheckpoint, onBadSequence, skipCheckpointValidation, sequencesPerFile } = request;
  return {
    run: { directory, runId },
    request: digest,
    inputs: inputs.length,
    nucleotide: nucleotide.embedder,
    protein: protein.embedder,
    onBadCheckpoint,
    onBadSequence,
    skipCheckpointValidation,
    sequencesPerFile,
    ...(batchSize === null ? {} : { batchSize }),
    tuning: { ...DEFAULT_PREDICTION_TUNING, ...tuning },
  };
}
