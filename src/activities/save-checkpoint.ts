import * as path from 'node:path';
import type { SaveCheckpointInput, SaveCheckpointResult } from '../contract/activities.ts';
import type { ActivityScope } from './activity-scope.ts';
import { publishInThread } from './publish-pool.ts';
import { loadTask } from './task.ts';

/** Publishes the rows of a task as a checkpoint and removes its spool. Safe to repeat at any point. */
export async function saveCheckpoint(
  input: SaveCheckpointInput,
  { signal }: ActivityScope,
): Promise<SaveCheckpointResult> {
  const { inputFile, task, plan, spoolFolder, shape, checkpointFile, embedder } = await loadTask(input);
  const { part, gzip } = task;
  const { chunkLength } = plan.header;
  const { segments, skips } = input.rows;
  const { kind } = embedder.description;
  const published = await publishInThread(
    { inputFile, part, gzip, chunkLength, spoolFolder, shape, segments, checkpointFile, kind, ...(skips && { skips }) },
    signal,
  );
  const { outcome, sha256, bytes, rows, dim, skippedSequences } = published;
  return {
    outcome,
    path: path.relative(input.run.directory, published.path),
    sha256,
    bytes,
    rows,
    dim,
    ...(skippedSequences === 0 ? {} : { skippedSequences }),
  };
}
