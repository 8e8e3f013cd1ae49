import { runAbortable } from './abortable-task.ts';
import { arrayRowSource } from './row-source.ts';
import type { PublishResult, WrittenKind } from './types.ts';

export interface WriteCheckpointContent {
  kind: WrittenKind;
  /** One per row, in row order. */
  ids: readonly string[];
  /** `ids.length × dim` float32 values, row after row. */
  rows: Float32Array;
  /** 768 for nucleotide, 2,560 for protein, 3,328 for merged, any other number for vectors. */
  dim: number;
}

/**
 * Writes a checkpoint from values in memory, in a thread, with the guarantees of {@link publishCheckpoint}. The values are
 * copied to the thread unless they lie in a SharedArrayBuffer.
 *
 * ```ts
 * await writeCheckpoint('out/sample_KMER.pt', { kind: 'vectors', ids: ['a', 'b'], rows: new Float32Array(2 * 136), dim: 136 });
 * ```
 *
 * @returns `existing` if a valid checkpoint with the same kind, ids and dimension was there first, and was kept
 * @throws what {@link publishCheckpoint} throws, and RangeError if `rows` are not whole rows of `dim` values
 * @throws the reason of `options.signal` once it is aborted; nothing is left behind then
 */
export async function writeCheckpoint(
  path: string,
  content: WriteCheckpointContent,
  options: { signal?: AbortSignal } = {},
): Promise<PublishResult> {
  const { kind, ids, rows: values, dim } = content;
  arrayRowSource(values, dim);
  return runAbortable('write', { path, kind, ids, values, dim }, options.signal);
}
