import type { SplitSequencesResult } from '../contract/prediction.ts';
import type { StageContext } from './stage.ts';

/** Splits both sides into `output_N.fa` and makes their run folders. */
export async function splitSequences(context: StageContext): Promise<SplitSequencesResult> {
  throw new Error(`not built yet: ${context.directory}`);
}
