import type { MergeEmbeddingsResult } from '../contract/prediction.ts';
import type { StageContext } from './stage.ts';

/**
 * Joins the nucleotide and protein embeddings of every part by id: `{stem}_merged/output_N_merged.pt`.
 *
 * @param options `allowMissing`: parts without two sound checkpoints are left out and reported
 * @throws CheckpointError naming file and id
 */
export async function mergeEmbeddings(
  context: StageContext,
  _options: { allowMissing: boolean },
): Promise<MergeEmbeddingsResult> {
  throw new Error(`not built yet: ${context.directory}`);
}
