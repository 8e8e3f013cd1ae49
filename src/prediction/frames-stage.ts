import type { TranslateFramesResult } from '../contract/prediction.ts';
import type { StageContext } from './stage.ts';

/** Translates the chunks into `{stem}_nucleotide.fa` and `{stem}_protein.faa`: the frames free of stops. */
export async function translateFrames(context: StageContext): Promise<TranslateFramesResult> {
  throw new Error(`not built yet: ${context.directory}`);
}
