import { WORKFLOW_PREDICT_VIRUS } from '../../src/contract/names.ts';
import { storePredictionRequest, type PredictionRequest } from '../../src/prediction/index.ts';
import type { RunReference } from '../../src/contract/run-request.ts';
import { openManifest } from '../../src/run/manifest.ts';
import { claimDirectory } from '../../src/run/owner.ts';
import { predictionRequest } from './prediction-scene.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Claims of another server's run. */
export const OTHER = { workflowId: 'other', workflowRunId: 'run-9', server: 'elsewhere:7233', namespace: 'default' };

/** Options of `asActivity`. */
export const IN_PREDICTION = { info: { workflowType: WORKFLOW_PREDICT_VIRUS } };

export interface AcceptedPrediction {
  directory: string;
  run: RunReference;
  request: PredictionRequest;
  /** Of the request. */
  digest: string;
}

/** A folder with a request of one input, of which nothing has been made; nobody has claimed it. */
export async function acceptedPrediction(): Promise<AcceptedPrediction> {
  const directory = await temporaryFolder();
  const { runId } = await openManifest(directory);
  const request = predictionRequest();
  const digest = await storePredictionRequest(directory, request);
  return { directory, run: { directory, runId }, request, digest };
}

export function claimedByOther(directory: string): Promise<void> {
  return claimDirectory(directory, OTHER, () => Promise.resolve(true));
}
