import type { Client } from '@temporalio/client';
import { WORKFLOW_EMBEDDING_RUN, WORKFLOW_PREDICT_VIRUS } from '../contract/names.ts';
import { findWorkflow, type RunChoice } from './find-workflow.ts';
import type { HistoryOptions } from './history-keeper.ts';
import { PredictionHandle } from './prediction-handle.ts';
import { RunHandle } from './run-handle.ts';

/**
 * A handle of a prediction that somebody else has started: as `attachRun` for an embedding run.
 *
 * @throws VirnucproError `RunError.InvalidInput` if the folder has no run.json, the prediction is on another server, or the
 *   server does not know it (any more)
 */
export async function attachPrediction(
  client: Client,
  choice: RunChoice,
  options: HistoryOptions = {},
): Promise<PredictionHandle> {
  return new PredictionHandle(client, await findWorkflow(client, choice, [WORKFLOW_PREDICT_VIRUS]), options);
}

/**
 * A handle of whatever works on a folder, an embedding run or a prediction.
 *
 * @throws VirnucproError `RunError.InvalidInput` as `attachRun`
 */
export async function attachAny(
  client: Client,
  choice: RunChoice,
  options: HistoryOptions = {},
): Promise<RunHandle | PredictionHandle> {
  const found = await findWorkflow(client, choice, [WORKFLOW_EMBEDDING_RUN, WORKFLOW_PREDICT_VIRUS]);
  return found.type === WORKFLOW_PREDICT_VIRUS
    ? new PredictionHandle(client, found, options)
    : new RunHandle(client, found, options);
}
