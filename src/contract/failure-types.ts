/**
 * `type` of every ApplicationFailure that this package throws. Match on these constants, never on class names or messages.
 */
export const FailureType = {
  /** The bytes of a checkpoint contradict themselves. Non-retryable. */
  CheckpointCorrupted: 'CheckpointError.Corrupted',
  /** Sound bytes that are not ours, or a run folder made with other settings. Non-retryable. */
  CheckpointIncompatible: 'CheckpointError.Incompatible',
  /** An I/O error that says nothing about the file. Retryable. */
  CheckpointUnavailable: 'CheckpointError.Unavailable',
  /** A sequence or an input file that no attempt can embed. Non-retryable. */
  EmbeddingInvalidInput: 'EmbeddingError.InvalidInput',
  /** The device ran out of memory. Retryable. */
  EmbeddingOutOfMemory: 'EmbeddingError.OutOfMemory',
  /** The device is gone; another worker has to take the task. Retryable. */
  EmbeddingDeviceLost: 'EmbeddingError.DeviceLost',
  /** The embedder failed or its process died. Retryable. */
  EmbeddingEmbedder: 'EmbeddingError.Embedder',
  /** The request, its inputs or the run folder cannot be used. Non-retryable. */
  RunInvalidInput: 'RunError.InvalidInput',
  /** A newer attempt of the same task has taken over. Retryable. */
  RunStaleAttempt: 'RunError.StaleAttempt',
  /** Rows that an embedFile result names are not on disk. Retryable by embedding the file again. */
  RunSpoolIncomplete: 'RunError.SpoolIncomplete',
} as const;

export type FailureType = (typeof FailureType)[keyof typeof FailureType];

/** Failure types that no retry can cure. */
export const NON_RETRYABLE_FAILURE_TYPES: readonly FailureType[] = [
  FailureType.CheckpointCorrupted,
  FailureType.CheckpointIncompatible,
  FailureType.EmbeddingInvalidInput,
  FailureType.RunInvalidInput,
];
