import type { ChunkSequencesResult } from '../contract/prediction.ts';
import { runStage } from './stage-pool.ts';
import type { StageContext } from './stage.ts';

/** Cuts the contigs of an input into `{stem}_chunked{L}.fa`. */
export function cutChunks(context: StageContext): Promise<ChunkSequencesResult> {
  return runStage('cutChunks', context);
}
