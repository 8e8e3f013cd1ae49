import type { FinishPredictionInput, PredictionOutcome } from '../contract/prediction.ts';
import type { ExecutionIdentity } from '../run/report.ts';

/** What a prediction is finished with, besides its input. */
export interface PredictionFinishing {
  /** false: the folder belongs to another run, nothing is written there */
  mayWrite: boolean;
  signal: AbortSignal;
  /** Server that the prediction is finished through. */
  server?: { address: string; namespace: string };
}

/**
 * Counts what is on disk, writes report.json and says how the prediction ended. As finishRun of src/run/finish.ts does for
 * embeddingRun: a folder that cannot be written gives an outcome all the same, with an empty `report`.
 *
 * The activity then makes the page (makeReportPage of src/report) and calls {@link removeSplitFiles}.
 */
export async function finishPredictionOnDisk(
  input: FinishPredictionInput,
  _identity: ExecutionIdentity,
  _finishing: PredictionFinishing,
): Promise<PredictionOutcome> {
  throw new Error(`not built yet: ${input.run.directory}`);
}

/**
 * After a success, and unless the request keeps them: removes the split FASTA files that this package wrote itself. Those
 * that were found stay.
 *
 * @returns how many were removed
 * @throws errno errors; the reason of `signal`
 */
export async function removeSplitFiles(
  directory: string,
  _request: string,
  _outcome: PredictionOutcome,
  _signal: AbortSignal,
): Promise<number> {
  throw new Error(`not built yet: ${directory}`);
}
