import type { PredictionStage } from '../contract/prediction.ts';
import type { PredictionRequest } from './request.ts';

/** What a prediction would do about a stage. `bad`: what is there is not what belongs there; a prediction would say so and stop. */
export interface DraftedStage {
  stage: PredictionStage;
  state: 'found' | 'missing' | 'bad';
  /** Why it is bad. */
  detail?: string;
}

/** Embedding tasks of one side of an input. */
export interface DraftedEmbedding {
  side: 'nucleotide' | 'protein';
  embedder: string;
  /** Split files, or how many there will be at most where they do not exist yet (`estimated`). */
  tasks: number;
  /** Sound checkpoints that are there. */
  found: number;
  bad: number;
  estimated: boolean;
}

export interface DraftedInput {
  /** Absolute. */
  path: string;
  stem: string;
  contigs: number;
  emptyContigs: number;
  chunks: number;
  /** In their order; `embedding` is in `embedding` below. */
  stages: DraftedStage[];
  embedding: DraftedEmbedding[];
}

/** What a prediction would find and do. */
export interface DraftedPrediction {
  inputs: DraftedInput[];
  /** Embedding tasks of all inputs and sides. */
  tasks: number;
  found: number;
  bad: number;
  /** At least one number of tasks is an estimate. */
  estimated: boolean;
}

/**
 * Looks at what is there and says what a prediction would do. Writes nothing.
 *
 * @throws CheckpointError `unavailable`, errno errors, the abort reason
 */
export async function draftPrediction(
  directory: string,
  _request: PredictionRequest,
  _signal: AbortSignal,
): Promise<DraftedPrediction> {
  throw new Error(`not built yet: ${directory}`);
}
