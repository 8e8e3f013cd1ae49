import type { CallConsensusResult } from '../contract/prediction.ts';
import type { StageContext } from './stage.ts';

/** Calls every chunk and every contig: `prediction_results_highestscore.csv` and `prediction_results_contigs.tsv`. */
export async function callConsensus(context: StageContext): Promise<CallConsensusResult> {
  throw new Error(`not built yet: ${context.directory}`);
}
