import { statfs } from 'node:fs/promises';
import type { Finding } from './finding.ts';

/** Less than this does not hold the checkpoint of one file of 10,000 proteins (2,560 float32 values each). */
const LOW_BYTES = 1e9;
const NONE_BYTES = 10e6;
/** A run makes a few files per task; fewer inodes than this end it soon. */
const LOW_INODES = 10_000;

/** @param folder an existing one */
export async function checkDiskSpace(folder: string): Promise<Finding> {
  const { bavail, bsize, files, ffree } = await statfs(folder);
  return judgeSpace({ freeBytes: bavail * bsize, inodes: files, freeInodes: ffree });
}

/** @param inodes 0 where the file system makes them as needed */
export function judgeSpace(space: { freeBytes: number; inodes: number; freeInodes: number }): Finding {
  const check = 'disk-space';
  const { freeBytes, inodes, freeInodes } = space;
  const message = `${(freeBytes / 1e9).toFixed(1)} GB free${inodes > 0 ? `, ${freeInodes.toLocaleString('en-US')} inodes` : ''}`;
  const todo = 'free some space, or choose another folder with --out (a run says how much it needs before it starts)';
  if (freeBytes < NONE_BYTES || (inodes > 0 && freeInodes === 0)) return { check, status: 'problem', message, todo };
  const low = freeBytes < LOW_BYTES || (inodes > 0 && freeInodes < LOW_INODES);
  return low ? { check, status: 'warning', message, todo } : { check, status: 'ok', message };
}
