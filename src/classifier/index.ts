import type { ClassifierFacts, OpenClassifier, OpenClassifierOptions } from './types.ts';

export type { ClassifierFacts, ClassifierFormat, OpenClassifier, OpenClassifierOptions } from './types.ts';

/**
 * Reads a classifier and says what it is.
 *
 * @throws VirnucproError `RunError.InvalidInput` (no such file), `CheckpointError.Corrupted`,
 *   `CheckpointError.Incompatible` (another format, other layers or dimensions), `CheckpointError.Unavailable` (I/O)
 */
export function inspectClassifier(path: string, _signal?: AbortSignal): Promise<ClassifierFacts> {
  return Promise.reject(new Error(`${path}: not built yet`));
}

/**
 * Reads a classifier and starts the threads that run it.
 *
 * @throws as {@link inspectClassifier}
 */
export function openClassifier(path: string, _options?: OpenClassifierOptions): Promise<OpenClassifier> {
  return Promise.reject(new Error(`${path}: not built yet`));
}
