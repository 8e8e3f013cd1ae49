import type { PredictVirusInput } from '../contract/prediction.ts';
import type { RunManifest } from '../run/manifest.ts';
import type { PredictionRequest } from './request.ts';

/** A request that fits its folder, and the run.json that it leads to. */
export interface CheckedPredictionRequest {
  request: PredictionRequest;
  manifest: RunManifest;
}

/**
 * Reads the inputs, describes the embedders, looks into the classifier and compares all three with run.json. Writes
 * nothing.
 *
 * @param manifest without settings: everything is accepted
 * @throws VirnucproError `RunError.InvalidInput` listing every bad input; `CheckpointError.Incompatible` naming each difference
 */
export async function checkPredictionRequest(
  input: PredictVirusInput,
  _manifest: RunManifest,
  _signal: AbortSignal,
): Promise<CheckedPredictionRequest> {
  throw new Error(`not built yet: ${input.directory}`);
}
