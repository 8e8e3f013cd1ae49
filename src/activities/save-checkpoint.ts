import * as path from 'node:path';
import type { SaveCheckpointInput, SaveCheckpointResult } from '../contract/activities.ts';
import { secondsSince } from './observation.ts';
import type { ObservedScope } from './observed-scope.ts';
import { publishInThread } from './publish-pool.ts';
import { loadTask } from './task.ts';

/** Publishes the rows of a task as a checkpoint and removes its spool. Safe to repeat at any point. */
export async function saveCheckpoint(
  input: SaveCheckpointInput,
  { signal, observation }: ObservedScope,
): Promise<SaveCheckpointResult> {
  const begunAt = performance.now();
  const loaded = await loadTask(input);
  observation.about(loaded);
  const { inputFile, task, plan, spoolFolder, shape, checkpointFile, embedder } = loaded;
  const { part, gzip } = task;
  const { chunkLength } = plan.header;
  const { segments, skips } = input.rows;
  const { kind } = embedder.description;
  const published = await publishInThread(
    { inputFile, part, gzip, chunkLength, spoolFolder, shape, segments, checkpointFile, kind, ...(skips && { skips }) },
    signal,
  );
  const { outcome, sha256, bytes, rows, dim, skippedSequences } = published;
  const saved = { outcome, path: path.relative(input.run.directory, published.path), sha256, bytes, rows };
  observation.tell({ type: 'checkpoint-saved', ...saved, seconds: secondsSince(begunAt) });
  return {
    ...saved,
    dim,
    ...(skippedSequences === 0 ? {} : { skippedSequences }),
  };
}
