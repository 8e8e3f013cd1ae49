import { setImmediate } from 'node:timers/promises';
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
 * copied for the thread unless they lie in a SharedArrayBuffer; leave them as they are until it resolves.
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
  const { kind, ids, rows, dim } = content;
  arrayRowSource(rows, dim);
  options.signal?.throwIfAborted();
  const values = await shared(rows);
  return runAbortable('write', { path, kind, ids, values, dim }, options.signal);
}

/** Copied at once; the event loop gets its turn between two pieces. */
const PIECE = 1 << 20;

/** The same values where a thread can read them: copying them in one piece would hold the event loop up. */
async function shared(values: Float32Array): Promise<Float32Array> {
  if (values.buffer instanceof SharedArrayBuffer) return values;
  const copy = new Float32Array(new SharedArrayBuffer(values.byteLength));
  for (let at = 0; at < values.length; at += PIECE) {
    if (at > 0) await setImmediate();
    copy.set(values.subarray(at, at + PIECE), at);
  }
  return copy;
}
