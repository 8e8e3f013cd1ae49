import { statfs } from 'node:fs/promises';
import { neededBytes } from '../../run/disk-space.ts';
import { plural } from '../terminal.ts';
import type { Finding } from './finding.ts';
import type { LatestPlan } from './latest-plan.ts';

/** Less than this does not hold the checkpoint of one file of 10,000 proteins (2,560 float32 values each). */
const LOW_BYTES = 1e9;
const NONE_BYTES = 10e6;
/** A run makes a few files per task; fewer inodes than this end it soon. */
const LOW_INODES = 10_000;
/** Of a task: checkpoint, its temporary name, and its spool of a folder, an epoch and a segment. */
const INODES_PER_TASK = 5;

/** What a file system has left. */
export interface Space {
  freeBytes: number;
  /** 0 where the file system makes them as needed. */
  inodes: number;
  freeInodes: number;
}

/** What the files that a run has still to embed take. */
export interface Need {
  tasks: number;
  bytes: number;
}

/**
 * @param folder an existing one
 * @param latest plan of the last run, if there was one
 */
export async function checkDiskSpace(folder: string, latest?: LatestPlan): Promise<Finding> {
  const { bavail, bsize, files, ffree } = await statfs(folder);
  const lacking = latest?.lacking;
  const need =
    lacking && lacking.tasks.length > 0 ? { tasks: lacking.tasks.length, bytes: neededBytes(lacking) } : undefined;
  return judgeSpace({ freeBytes: bavail * bsize, inodes: files, freeInodes: ffree }, need);
}

export function judgeSpace({ freeBytes, inodes, freeInodes }: Space, need?: Need): Finding {
  const check = 'disk-space';
  const free = `${gigabytes(freeBytes)} free${inodes > 0 ? `, ${freeInodes.toLocaleString('en-US')} inodes` : ''}`;
  const message = need
    ? `${free}; the last plan has ${plural(need.tasks, 'file')} to embed, which take about ${gigabytes(need.bytes)}`
    : free;
  const neededInodes = (need?.tasks ?? 0) * INODES_PER_TASK;
  const lacksInodes = inodes > 0 && (freeInodes === 0 || freeInodes < neededInodes);
  const todo = 'free some space, or choose another folder with --out (a run says how much it needs before it starts)';
  if (freeBytes < Math.max(NONE_BYTES, need?.bytes ?? 0) || lacksInodes)
    return { check, status: 'problem', message, todo };
  const low = freeBytes < LOW_BYTES || (inodes > 0 && freeInodes < LOW_INODES);
  return low ? { check, status: 'warning', message, todo } : { check, status: 'ok', message };
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
