import type { Client } from '@temporalio/client';
import { WORKFLOW_PREDICT_VIRUS } from '../contract/names.ts';
import { PredictionHandle } from './prediction-handle.ts';
import { preparePrediction, type PredictionOptions, type PreparedPrediction } from './prepare-prediction.ts';
import { startOrAttach, type StartOptions } from './start-workflow.ts';

/**
 * Starts a prediction in `options.directory`, or attaches to the one that is running there with the same request. What is
 * on disk is never computed again: starting a prediction that has ended is how it is resumed.
 *
 * @throws VirnucproError `RunError.InvalidInput`; `CheckpointError.Incompatible` naming each difference if a prediction with
 *   another request, or an embedding run, is open there
 */
export async function startPrediction(
  client: Client,
  options: PredictionOptions,
  start: StartOptions = {},
): Promise<PredictionHandle> {
  return startPreparedPrediction(client, await preparePrediction(options), start);
}

/** {@link startPrediction} for a prediction that is prepared already. */
export async function startPreparedPrediction(
  client: Client,
  prediction: PreparedPrediction,
  start: StartOptions = {},
): Promise<PredictionHandle> {
  return new PredictionHandle(client, await startOrAttach(client, WORKFLOW_PREDICT_VIRUS, prediction, start), start);
}
