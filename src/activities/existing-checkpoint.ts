import * as path from 'node:path';
import { findCheckpoint } from '../checkpoint/publish/existing.ts';
import type { FileSystem } from '../platform/file-system.ts';
import { idsWithout, readSkipRecord } from '../run/skipped-sequences.ts';
import type { PublishTask, SettledCheckpoint } from './publish-task.ts';

/**
 * The checkpoint of a task if it is already there, complete, and has the task's dimension and its ids: all of them, or all
 * but those that are on record as skipped, whichever attempt skipped them. Anything else at that place is left to the publish
 * protocol to refuse. Blocks its thread.
 */
export async function existingCheckpoint(
  { checkpointFile, kind, shape }: Pick<PublishTask, 'checkpointFile' | 'kind' | 'shape'>,
  ids: readonly string[],
  fileSystem: FileSystem,
): Promise<SettledCheckpoint | undefined> {
  const find = (wanted: readonly string[]) =>
    findCheckpoint(checkpointFile, { kind, ids: wanted, dim: shape.dim }, fileSystem);
  const found = await find(ids);
  if (found === undefined) return undefined;
  if (!('problem' in found)) return { ...found, skippedSequences: 0 };
  if (found.ids === undefined) return undefined;
  const [directory, name] = [path.dirname(checkpointFile), path.basename(checkpointFile)];
  const record = await readSkipRecord(directory, name, found.ids, fileSystem);
  const kept = record && idsWithout(ids, record.skipped);
  const again = kept && (await find(kept));
  return again === undefined || 'problem' in again
    ? undefined
    : { ...again, skippedSequences: ids.length - again.rows };
}
