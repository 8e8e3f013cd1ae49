import type { ClassifySequencesResult } from '../contract/prediction.ts';
import type { StageContext } from './stage.ts';

/** Classifies the rows of every merged checkpoint: `{stem}_merged/prediction_results.txt`. */
export async function classifySequences(context: StageContext): Promise<ClassifySequencesResult> {
  throw new Error(`not built yet: ${context.directory}`);
}
