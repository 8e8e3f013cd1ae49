import { findCheckpoint } from '../checkpoint/publish/existing.ts';
import type { PublishResult } from '../checkpoint/types.ts';
import type { FileSystem } from '../platform/file-system.ts';
import type { PublishTask } from './publish-task.ts';

/**
 * The checkpoint of a task if it is already there, complete, and has the task's ids and dimension. Anything else at that
 * place is left to the publish protocol to refuse. Blocks its thread.
 */
export async function existingCheckpoint(
  { checkpointFile, kind, shape }: Pick<PublishTask, 'checkpointFile' | 'kind' | 'shape'>,
  ids: readonly string[],
  fileSystem: FileSystem,
): Promise<PublishResult | undefined> {
  const found = await findCheckpoint(checkpointFile, { kind, ids, dim: shape.dim }, fileSystem);
  return found === undefined || 'problem' in found ? undefined : found;
}
