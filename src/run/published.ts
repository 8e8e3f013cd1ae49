import { join } from 'node:path';
import { validateCheckpoint } from '../checkpoint/index.ts';
import type { EmbedderDescription } from '../embedders/types.ts';
import { isComplete } from './judge-existing.ts';
import type { PlannedTask } from './plan.ts';
import { skipRecordOf } from './skipped-sequences.ts';

/**
 * Whether the checkpoint of a task is there, with every row or with all but those that were skipped. Ids are not compared:
 * it was this task, or an attempt of an earlier run, that put it there.
 *
 * @param rows that the task needs
 * @throws errno errors and the abort reason
 */
export async function isPublished(
  directory: string,
  task: PlannedTask,
  { kind, dim }: EmbedderDescription,
  rows: number,
  signal: AbortSignal,
): Promise<boolean> {
  const options = { level: 'structure', expect: { kind, dim }, signal } as const;
  const entry = await validateCheckpoint(join(directory, task.checkpoint), options);
  if (entry.result !== 'valid' || !isComplete(entry) || entry.rows === undefined) return false;
  if (entry.rows === rows) return true;
  const record = await skipRecordOf(directory, task.checkpoint, signal);
  return record !== undefined && record.rows + record.skipped.length === rows;
}
