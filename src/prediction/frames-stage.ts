import type { TranslateFramesResult } from '../contract/prediction.ts';
import { runStage } from './stage-pool.ts';
import type { StageContext } from './stage.ts';

/** Translates the chunks into `{stem}_nucleotide.fa` and `{stem}_protein.faa`: the frames free of stops. */
export function translateFrames(context: StageContext): Promise<TranslateFramesResult> {
  return runStage('writeFrames', context);
}
