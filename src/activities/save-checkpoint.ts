import * as path from 'node:path';
import type { SaveCheckpointInput, SaveCheckpointResult } from '../contract/activities.ts';
import { readPart } from '../sequences/index.ts';
import { removeSpool } from '../spool/index.ts';
import type { ActivityScope } from './activity-scope.ts';
import { existingCheckpoint } from './existing-checkpoint.ts';
import { publishInThread } from './publish-pool.ts';
import { loadTask, type LoadedTask } from './task.ts';

/**
 * Publishes the rows of a task as a checkpoint and removes its spool. Safe to repeat at any point: a checkpoint that an
 * earlier attempt has published is found before the spool, which may be gone by then, is asked for.
 */
export async function saveCheckpoint(input: SaveCheckpointInput, scope: ActivityScope): Promise<SaveCheckpointResult> {
  const loaded = await loadTask(input);
  const ids = await idsOf(loaded, scope.signal);
  const result = (await existingCheckpoint(loaded, ids, scope.signal)) ?? (await publish(input, loaded, ids, scope));
  await removeSpool(loaded.spoolFolder);
  return { ...result, path: path.relative(input.run.directory, result.path) };
}

function publish(input: SaveCheckpointInput, loaded: LoadedTask, ids: string[], { signal }: ActivityScope) {
  const { spoolFolder, shape, checkpointFile, embedder } = loaded;
  const { segments } = input.rows;
  return publishInThread(
    { spoolFolder, shape, segments, checkpointFile, kind: embedder.description.kind, ids },
    signal,
  );
}

async function idsOf({ inputFile, task, plan }: LoadedTask, signal: AbortSignal): Promise<string[]> {
  const ids: string[] = [];
  const { chunkLength } = plan.header;
  const options = { gzip: task.gzip, signal, ...(chunkLength === null ? {} : { chunkLength }) };
  for await (const { id } of readPart(inputFile, task.part, options)) ids.push(id);
  return ids;
}
