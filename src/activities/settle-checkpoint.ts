import { publishCheckpoint } from '../checkpoint/publish/publish-checkpoint.ts';
import type { PublishResult } from '../checkpoint/types.ts';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import type { FileSystem } from '../platform/file-system.ts';
import { removeSpool, SpoolRows, type SpoolRowsOptions } from '../spool/index.ts';
import { existingCheckpoint } from './existing-checkpoint.ts';
import type { PublishTask } from './publish-task.ts';

/** How often a wait for rows looks whether another attempt has published them meanwhile and removed the spool. */
const LOOK_MS = 500;

/** What settling a task takes; where its ids come from is the caller's business. */
export type SpooledTask = Pick<PublishTask, 'spoolFolder' | 'shape' | 'segments' | 'checkpointFile' | 'kind'>;

/**
 * Turns the spool of a task into its checkpoint and removes it. A checkpoint that an earlier attempt has published is
 * found before the spool, which may be gone by then, is asked for.
 *
 * @throws what {@link SpoolRows.open} and `publishCheckpoint` throw; the spool is kept then
 */
export async function settleCheckpoint(
  task: SpooledTask,
  ids: string[],
  fileSystem: FileSystem,
  wait: Pick<SpoolRowsOptions, 'waitMs' | 'pollMs'> = {},
): Promise<PublishResult> {
  const existing = await existingCheckpoint(task, ids, fileSystem);
  const result = existing ?? (await publishRows(task, ids, { ...wait, fileSystem }));
  // Only now: both of the above have made the checkpoint's name durable, so no crash can take both.
  await removeSpool(task.spoolFolder, fileSystem);
  return result;
}

async function publishRows(
  task: SpooledTask,
  ids: string[],
  options: SpoolRowsOptions & { fileSystem: FileSystem },
): Promise<PublishResult> {
  const { fileSystem } = options;
  if (task.segments.length === 0 && (await fileSystem.stat(task.checkpointFile)) !== undefined) {
    const message = `${task.checkpointFile}: incompatible: another file is there and is not this checkpoint; move it away`;
    throw new VirnucproError(FailureType.CheckpointIncompatible, message);
  }
  const opened = await openRows(task, ids, options);
  if (!(opened instanceof SpoolRows)) return opened;
  try {
    return await publishCheckpoint(task.checkpointFile, { kind: task.kind, ids, rows: opened }, { fileSystem });
  } finally {
    await opened.close();
  }
}

/** The rows, or the checkpoint that another attempt made of them while they were waited for. */
async function openRows(
  task: SpooledTask,
  ids: string[],
  options: SpoolRowsOptions & { fileSystem: FileSystem },
): Promise<SpoolRows | PublishResult> {
  const published = new AbortController();
  let existing: PublishResult | undefined;
  const look = async () => {
    // What cannot be looked at now is looked at again.
    existing = await existingCheckpoint(task, ids, options.fileSystem).catch(() => undefined);
    if (existing !== undefined) published.abort();
  };
  const timer = setInterval(() => void look(), LOOK_MS);
  try {
    const { signal } = published;
    return await SpoolRows.open(task.spoolFolder, task.shape, task.segments, { ...options, signal });
  } catch (error) {
    if (existing !== undefined) return existing;
    throw error;
  } finally {
    clearInterval(timer);
  }
}
