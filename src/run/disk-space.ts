import * as fs from 'node:fs/promises';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import type { Plan } from './plan.ts';

/** A Python float in a pickle: opcode and 8 bytes. A float32 in a storage: 4. */
const BYTES_PER_VALUE = { nucleotide: 9, protein: 4, merged: 4, vectors: 4 } as const;
const SPOOL_BYTES_PER_VALUE = 4;
/** Container, pickled ids and folder entry of one checkpoint, roughly. */
const BYTES_PER_CHECKPOINT = 4096;
const BYTES_PER_ROW = 64;
/** Most spools that exist at a time: two partitions of 32 tasks. */
const SPOOLS_AT_ONCE = 64;

/** Bytes that a checkpoint takes at most, roughly. */
export function checkpointBytes(content: { kind: keyof typeof BYTES_PER_VALUE; rows: number; dim: number }): number {
  const { kind, rows, dim } = content;
  return rows * dim * BYTES_PER_VALUE[kind] + rows * BYTES_PER_ROW + BYTES_PER_CHECKPOINT;
}

/** Bytes that the pending tasks of a plan will need at most: their checkpoints and the spools in flight. */
export function neededBytes(plan: Plan): number {
  const descriptions = new Map(plan.header.embedders.map(({ description }) => [description.name, description]));
  const spools: number[] = [];
  let checkpoints = 0;
  for (const task of plan.tasks) {
    const description = descriptions.get(task.embedder);
    if (task.state !== 'pending' || description === undefined) continue;
    const { kind, dim } = description;
    checkpoints += checkpointBytes({ kind, rows: task.part.count, dim });
    spools.push(task.part.count * dim * SPOOL_BYTES_PER_VALUE);
  }
  const inFlight = spools.toSorted((a, b) => b - a).slice(0, SPOOLS_AT_ONCE);
  return checkpoints + inFlight.reduce((sum, bytes) => sum + bytes, 0);
}

/**
 * A disk that is too small is found before hours of GPU work, not after.
 *
 * @throws VirnucproError `RunError.InvalidInput`
 */
export async function requireDiskSpace(directory: string, plan: Plan): Promise<void> {
  await requireFreeBytes(
    directory,
    neededBytes(plan),
    (needed, free) =>
      `not enough disk space for ${directory}: the run needs about ${needed}, ${free} are free; ` +
      'free some or choose another folder with --out; no checkpoint was begun',
  );
}

/**
 * @param lack what to say where there are less: both numbers with their unit
 * @throws VirnucproError `RunError.InvalidInput`
 */
export async function requireFreeBytes(
  directory: string,
  needed: number,
  lack: (needed: string, free: string) => string,
): Promise<void> {
  const { bavail, bsize } = await fs.statfs(directory);
  const free = bavail * bsize;
  if (needed > free) throw new VirnucproError(FailureType.RunInvalidInput, lack(megabytes(needed), megabytes(free)));
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
