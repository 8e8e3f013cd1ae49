import { publishCheckpoint } from '../checkpoint/index.ts';
import type { PublishResult } from '../checkpoint/types.ts';
import type { FileSystem } from '../platform/file-system.ts';
import { removeSpool, SpoolRows } from '../spool/index.ts';
import { existingCheckpoint } from './existing-checkpoint.ts';
import type { PublishTask } from './publish-task.ts';

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
): Promise<PublishResult> {
  const result = (await existingCheckpoint(task, ids, fileSystem)) ?? (await publishRows(task, ids, fileSystem));
  // Only now: both of the above have made the checkpoint's name durable, so no crash can take both.
  await removeSpool(task.spoolFolder, fileSystem);
  return result;
}

async function publishRows(task: SpooledTask, ids: string[], fileSystem: FileSystem): Promise<PublishResult> {
  const rows = await SpoolRows.open(task.spoolFolder, task.shape, task.segments, { fileSystem });
  try {
    return await publishCheckpoint(task.checkpointFile, { kind: task.kind, ids, rows }, { fileSystem });
  } finally {
    await rows.close();
  }
}
