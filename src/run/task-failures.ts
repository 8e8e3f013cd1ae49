import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { replaceFile } from './atomic-file.ts';
import { internal } from './run-folder.ts';

/** Reasons are read by people; a stack trace or a whole sequence has no place in them. */
const MAX_RECORDED_REASON = 1024;

function folderOf(directory: string, plan: string): string {
  return path.join(directory, internal.failures, plan.slice(0, 16));
}

/** Writes down why a task failed for good: a workflow result has room for a few reasons only. */
export async function recordTaskFailure(directory: string, plan: string, index: number, reason: string): Promise<void> {
  const folder = folderOf(directory, plan);
  await nodeFileSystem.makeFolder(folder);
  await replaceFile(path.join(folder, `${index}.txt`), reason.slice(0, MAX_RECORDED_REASON));
}

/** Reason by task index. */
export async function readTaskFailures(directory: string, plan: string): Promise<Map<number, string>> {
  const folder = folderOf(directory, plan);
  const names = await fs.readdir(folder).catch(() => []);
  const reasons = new Map<number, string>();
  for (const name of names) {
    const index = /^(\d+)\.txt$/.exec(name)?.[1];
    if (index !== undefined) reasons.set(Number(index), await fs.readFile(path.join(folder, name), 'utf8'));
  }
  return reasons;
}

/** A run that starts forgets what failed before: every task is tried again. */
export async function forgetTaskFailures(directory: string): Promise<void> {
  await fs.rm(path.join(directory, internal.failures), { recursive: true, force: true });
}
