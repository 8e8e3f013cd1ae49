import { SpoolRows } from '../../../src/spool/index.ts';
import type { EpochClaim, SegmentReference, Spool, SpoolShape } from '../../../src/spool/index.ts';

export const SHAPE: SpoolShape = { taskDigest: 'ab'.repeat(32), rows: 7, dim: 3 };

export const CLAIM: EpochClaim = { host: 'host', pid: 1, workflowId: 'w', activityId: 'a', attempt: 1 };

export function neverAborted(): AbortSignal {
  return new AbortController().signal;
}

/** Values that tell ordinal and writer apart. */
export function rowOf(ordinal: number, writer = 0): number[] {
  return [ordinal + 0.5, -ordinal, writer];
}

export function rowsOf(ordinals: readonly number[], writer = 0): Float32Array {
  return Float32Array.from(ordinals.flatMap((ordinal) => rowOf(ordinal, writer)));
}

export function append(spool: Spool, ordinals: readonly number[], writer = 0): Promise<number> {
  return spool.append(ordinals, rowsOf(ordinals, writer));
}

export function missingOf(spool: Spool, shape = SHAPE): number[] {
  return Array.from({ length: shape.rows }, (_, ordinal) => ordinal).filter((ordinal) => !spool.has(ordinal));
}

/** All rows of a finished spool, as lists. */
export async function readAll(folder: string, segments: SegmentReference[], shape = SHAPE): Promise<number[][]> {
  const rows = await SpoolRows.open(folder, shape, segments, { waitMs: 0 });
  try {
    const values = new Float32Array(shape.rows * shape.dim);
    rows.read(0, shape.rows, values);
    return Array.from({ length: shape.rows }, (_, row) => [...values.subarray(row * shape.dim, (row + 1) * shape.dim)]);
  } finally {
    await rows.close();
  }
}
