import { basename, join } from 'node:path';
import { listOrNone } from '../platform/missing.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { syncFolder } from '../platform/sync-folder.ts';
import { removeSpool } from '../spool/index.ts';
import { plannedTask, type Plan } from './plan.ts';
import { isPublished } from './published.ts';
import { internal } from './run-folder.ts';
import { taskSpool } from './task-spool.ts';

/**
 * Removes spools of tasks whose checkpoint is there: those of an attempt that died between publishing and removing, or that
 * went on for a while after another had done its task. Spools of other tasks are kept for the next run.
 *
 * @throws errno errors and the abort reason
 */
export async function sweepSpools(directory: string, plan: Plan, signal: AbortSignal): Promise<void> {
  const left = new Set(await listOrNone(join(directory, internal.spool)));
  if (left.size === 0) return;
  // A checkpoint's name has to be durable before what it was made from goes.
  await syncFolder(nodeFileSystem, directory);
  for (const [index, task] of plan.tasks.entries()) {
    const { embedder } = plannedTask(plan, index);
    const { folder, shape } = taskSpool(plan, task, embedder);
    if (!left.has(basename(folder))) continue;
    if (await isPublished(directory, task, embedder.description, shape.rows, signal)) {
      await removeSpool(join(directory, folder));
    }
  }
}
