import { rmdir } from 'node:fs/promises';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { isPublished } from '../run/published.ts';
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
    // Told to stop after its claim: if that is because the task is done, nobody else would remove what it has made.
    if (await hasCheckpoint(loaded)) await removeSpool(spoolFolder);
    throw error;
  });
  if (!(await hasCheckpoint(loaded))) return spool;
  await spool.close();
  // With the first epoch, the folder is this attempt's alone.
  if (spool.epoch === 1) await removeSpool(spoolFolder);
  signal.throwIfAborted();
  return undefined;
}

/** Looking for the checkpoint takes a moment, and has to come to an end also where the attempt is told to stop. */
const UNSTOPPED = new AbortController().signal;

/** An attempt that is aborted before its claim may have made the folder. One that holds anything is left alone. */
async function removeIfEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch(() => undefined);
}

/** Anything else at the checkpoint's place is left to publishing to refuse. */
async function hasCheckpoint({ directory, checkpointFile, task, embedder, shape }: LoadedTask): Promise<boolean> {
  // Nearly always there is none, which a look is enough to see.
  if ((await nodeFileSystem.stat(checkpointFile)) === undefined) return false;
  return isPublished(directory, task, embedder.description, shape.rows, UNSTOPPED);
}
