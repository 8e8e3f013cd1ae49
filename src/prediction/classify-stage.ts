import type { ClassifySequencesResult } from '../contract/prediction.ts';
import { runStage } from './stage-pool.ts';
import type { StageContext } from './stage.ts';

/** Classifies the rows of every merged checkpoint: `{stem}_merged/prediction_results.txt`. */
export function classifySequences(context: StageContext): Promise<ClassifySequencesResult> {
  return runStage('classify', context);
}
