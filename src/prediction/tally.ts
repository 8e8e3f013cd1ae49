import type { Offender } from '../contract/outcome.ts';
import type { PredictionStage } from '../contract/prediction.ts';
import type { PredictionRequest } from './request.ts';

/** A stage of an input whose outputs are on disk as its record says. */
export interface StageTally {
  stage: PredictionStage;
  startedAt: string;
  seconds: number;
  host: string;
  /** Of all outputs together. */
  bytes: number;
}

/** What is on disk for one input. */
export interface InputTally {
  /** Absolute. */
  path: string;
  stem: string;
  /** With a sequence; those without are counted in `emptyContigs`. */
  contigs: number;
  emptyContigs: number;
  letters: number;
  chunks: number;
  /** Frames free of stops; 0 as long as that is not known. */
  sequences: number;
  /** Split files of a side, and those of them that have a merged checkpoint. */
  parts: number;
  mergedParts: number;
  /** Parts and sequences that the results do without; the first five. */
  missing: Offender[];
  missingParts: number;
  missingSequences: number;
  /** Rows of prediction_results.txt. */
  classified: number;
  classifiedChunks: number;
  viralChunks: number;
  viralContigs: number;
  /** Stages that are complete, in their order. */
  stages: StageTally[];
  /** All results are on disk, unchanged, and nothing is missing. */
  complete: boolean;
  /** Why it is not, for people. */
  reason?: string;
}

/** What is on disk for a prediction, and the sums over its inputs. */
export interface PredictionTally {
  inputs: InputTally[];
  /** Inputs with complete results. */
  predicted: number;
  contigs: number;
  viralContigs: number;
  chunks: number;
  viralChunks: number;
  /** Rows that were classified. */
  sequences: number;
  missingParts: number;
  missingSequences: number;
}

/**
 * Counts what is on disk, not what was intended.
 *
 * @throws CheckpointError `unavailable`, errno errors, the abort reason
 */
export async function tallyPrediction(
  directory: string,
  _request: PredictionRequest,
  _signal: AbortSignal,
): Promise<PredictionTally> {
  throw new Error(`not built yet: ${directory}`);
}
