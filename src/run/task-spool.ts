import { createHash } from 'node:crypto';
import * as path from 'node:path';
import type { SpoolShape } from '../spool/types.ts';
import type { Plan, PlannedEmbedder, PlannedTask } from './plan.ts';
import { internal } from './run-folder.ts';

/** Where the rows of a task lie until they are a checkpoint, and what they must be. */
export interface TaskSpool {
  /** Relative to DIR. */
  folder: string;
  shape: SpoolShape;
}

/**
 * The spool of a task is named by everything that identifies its rows, so that a later run takes up the rows of an earlier
 * one, and never those of other content or settings.
 */
export function taskSpool(plan: Plan, task: PlannedTask, embedder: PlannedEmbedder): TaskSpool {
  const identity = JSON.stringify([
    task.checkpoint,
    task.inputSha256,
    plan.header.chunkLength,
    task.part.first,
    task.part.count,
    Object.entries(embedder.description.fingerprint).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ]);
  const taskDigest = createHash('sha256').update(identity).digest('hex');
  return {
    folder: path.posix.join(internal.spool, taskDigest.slice(0, 24)),
    shape: { taskDigest, rows: task.part.count, dim: embedder.description.dim },
  };
}
