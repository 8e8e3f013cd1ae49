import type { ChunkSequencesResult } from '../contract/prediction.ts';
import type { StageContext } from './stage.ts';

/** Cuts the contigs of an input into `{stem}_chunked{L}.fa`. */
export async function cutChunks(context: StageContext): Promise<ChunkSequencesResult> {
  throw new Error(`not built yet: ${context.directory}`);
}
