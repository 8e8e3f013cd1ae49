import type { SplitSequencesResult } from '../contract/prediction.ts';
import { runStage } from './stage-pool.ts';
import type { StageContext } from './stage.ts';

/** Splits both sides into `output_N.fa` and makes their run folders. */
export function splitSequences(context: StageContext): Promise<SplitSequencesResult> {
  return runStage('splitSides', context);
}
