import type { SplitSequencesResult } from '../contract/prediction.ts';
import { requireSpaceForInput } from './disk-space.ts';
import { requireStageRecord } from './stage-input.ts';
import { runStage } from './stage-pool.ts';
import { factOf } from './stage-record.ts';
import type { StageContext } from './stage.ts';

/**
 * Splits both sides into `output_N.fa` and makes their run folders.
 *
 * @throws VirnucproError `RunError.InvalidInput` where there is too little space for what follows
 */
export async function splitSequences(context: StageContext): Promise<SplitSequencesResult> {
  const frames = await requireStageRecord(context, 'translating');
  await requireSpaceForInput(context, factOf(frames, 'sequences'));
  return runStage('splitSides', context);
}
