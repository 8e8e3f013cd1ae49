import { rmdir } from 'node:fs/promises';
import * as path from 'node:path';
import { validateCheckpoint } from '../checkpoint/index.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { isComplete } from '../run/judge-existing.ts';
import { skipRecordOf } from '../run/skipped-sequences.ts';
import { openSpool, removeSpool, type EpochClaim, type Spool } from '../spool/index.ts';
import type { LoadedTask } from './task.ts';

/**
 * Opens the spool of a task for one attempt.
 *
 * The checkpoint is looked for only after the epoch is claimed. Whoever publishes removes the spool afterwards: a claim made
 * before goes with it, and a claim made later finds the checkpoint here. So no attempt that was stopped for a while and wakes
 * up after the end brings the folder back.
 *
 * @returns undefined if the checkpoint is there: nothing is to be embedded
 * @throws what openSpool throws
 */
export async function openTaskSpool(
  loaded: LoadedTask,
  claim: EpochClaim,
  signal: AbortSignal,
): Promise<Spool | undefined> {
  const { spoolFolder, shape, plan } = loaded;
  const takeSkips = plan.header.onBadSequence === 'skip';
  const spool = await openSpool(spoolFolder, shape, claim, { signal, takeSkips }).catch(async (error: unknown) => {
    await removeIfEmpty(spoolFolder);
    throw error;
  });
  if (!(await isPublished(loaded, signal))) return spool;
  await spool.close();
  // With the first epoch, the folder is this attempt's alone.
  if (spool.epoch === 1) await removeSpool(spoolFolder);
  return undefined;
}

/** An attempt that is aborted before its claim may have made the folder. One that holds anything is left alone. */
async function removeIfEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch(() => undefined);
}

/** Whether the task's checkpoint is there; anything else at its place is left to publishing to refuse. */
async function isPublished(
  { checkpointFile, task, embedder, shape }: LoadedTask,
  signal: AbortSignal,
): Promise<boolean> {
  if ((await nodeFileSystem.stat(checkpointFile)) === undefined) return false;
  const { kind, dim } = embedder.description;
  const entry = await validateCheckpoint(checkpointFile, { level: 'structure', expect: { kind, dim }, signal });
  if (entry.result !== 'valid' || !isComplete(entry) || entry.rows === undefined) return false;
  if (entry.rows === shape.rows) return true;
  const record = await skipRecordOf(path.dirname(checkpointFile), task.checkpoint, signal);
  return record !== undefined && record.rows + record.skipped.length === shape.rows;
}
