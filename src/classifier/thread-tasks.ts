import type { FailureType } from '../contract/failure-types.ts';
import type { SharedModel } from './forward.ts';
import type { InspectedClassifier } from './types.ts';

/** A VirnucproError as it crosses from a thread: structured cloning keeps neither class nor type. */
export interface Refusal {
  readonly refused: { readonly type: FailureType; readonly message: string };
}

/** A classifier read and written again as safetensors. */
export interface ConvertedClassifier extends InspectedClassifier {
  /** Element type of its weights before. */
  dtype: string;
  eps: number;
  /** The whole safetensors file. */
  bytes: Uint8Array;
}

/** What `classifier-thread.ts` can do. */
export interface ClassifierTasks {
  read(input: { path: string }): (InspectedClassifier & { model: SharedModel }) | Refusal;
  convert(input: { path: string }): ConvertedClassifier | Refusal;
  /** A thread serves one model only: that of the first call. */
  classify(input: { model: SharedModel; rows: Float32Array }): Float32Array;
}
