import type { CallConsensusResult } from '../contract/prediction.ts';
import { runStage } from './stage-pool.ts';
import type { StageContext } from './stage.ts';

/** Calls every chunk and every contig: `prediction_results_highestscore.csv` and `prediction_results_contigs.tsv`. */
export function callConsensus(context: StageContext): Promise<CallConsensusResult> {
  return runStage('callConsensus', context);
}
