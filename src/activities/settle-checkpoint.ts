import { CheckpointError } from '../checkpoint/errors.ts';
import { publishCheckpoint } from '../checkpoint/publish/publish-checkpoint.ts';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import type { FileSystem } from '../platform/file-system.ts';
import { removeSpool, type SpoolRowsOptions } from '../spool/index.ts';
import { existingCheckpoint } from './existing-checkpoint.ts';
import type { PublishTask, SettledCheckpoint } from './publish-task.ts';
import { SpooledContent } from './spooled-content.ts';

/** How often a wait for rows looks whether another attempt has published them meanwhile and removed the spool. */
const LOOK_MS = 500;

/** What settling a task takes; where its ids come from is the caller's business. */
export type SpooledTask = Pick<PublishTask, 'spoolFolder' | 'shape' | 'segments' | 'skips' | 'checkpointFile' | 'kind'>;

/**
 * Turns the spool of a task into its checkpoint and removes it. A checkpoint that an earlier attempt has published is
 * found before the spool, which may be gone by then, is asked for.
 *
 * @throws VirnucproError `RunError.StaleAttempt` if another attempt published it while this one worked: the checkpoint is
 *   there, and whoever still has the task finds it
 * @throws what {@link SpooledContent.open} and `publishCheckpoint` throw; the spool is kept then
 */
export async function settleCheckpoint(
  task: SpooledTask,
  ids: string[],
  fileSystem: FileSystem,
  wait: Pick<SpoolRowsOptions, 'waitMs' | 'pollMs'> = {},
): Promise<SettledCheckpoint> {
  const existing = await existingCheckpoint(task, ids, fileSystem);
  const result = existing ?? (await publishRows(task, ids, { ...wait, fileSystem }));
  // Only now: both of the above have made the checkpoint's name durable, so no crash can take both.
  await removeSpool(task.spoolFolder, fileSystem);
  if (existing === undefined && result.outcome === 'existing') {
    const message = `${task.checkpointFile}: another attempt has published it while this one worked`;
    throw new VirnucproError(FailureType.RunStaleAttempt, message);
  }
  return result;
}

async function publishRows(
  task: SpooledTask,
  ids: string[],
  options: SpoolRowsOptions & { fileSystem: FileSystem },
): Promise<SettledCheckpoint> {
  const { fileSystem } = options;
  if (task.segments.length === 0 && (await fileSystem.stat(task.checkpointFile)) !== undefined) {
    const message = `${task.checkpointFile}: incompatible: another file is there and is not this checkpoint; move it away`;
    throw new VirnucproError(FailureType.CheckpointIncompatible, message);
  }
  const content = await openContent(task, ids, options);
  if (!(content instanceof SpooledContent)) return content;
  try {
    await content.record(task.checkpointFile, fileSystem);
    const published = await publishCheckpoint(task.checkpointFile, content, { fileSystem });
    return { ...published, skippedSequences: content.skipped.length };
  } catch (error) {
    // Another attempt, which skipped other records, was first: its checkpoint is as good.
    const isTaken = error instanceof CheckpointError && error.code === 'TARGET_TAKEN';
    const existing = isTaken ? await existingCheckpoint(task, ids, fileSystem) : undefined;
    if (existing === undefined) throw error;
    return existing;
  } finally {
    await content.rows.close();
  }
}

/** The rows, or the checkpoint that another attempt made of them while they were waited for. */
async function openContent(
  task: SpooledTask,
  ids: string[],
  options: SpoolRowsOptions & { fileSystem: FileSystem },
): Promise<SpooledContent | SettledCheckpoint> {
  const published = new AbortController();
  let existing: SettledCheckpoint | undefined;
  const look = async () => {
    // What cannot be looked at now is looked at again.
    existing = await existingCheckpoint(task, ids, options.fileSystem).catch(() => undefined);
    if (existing !== undefined) published.abort();
  };
  const timer = setInterval(() => void look(), LOOK_MS);
  try {
    const { signal } = published;
    return await SpooledContent.open(task, ids, { ...options, signal });
  } catch (error) {
    if (existing !== undefined) return existing;
    throw error;
  } finally {
    clearInterval(timer);
  }
}
