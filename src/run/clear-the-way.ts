import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { syncFolder } from '../platform/sync-folder.ts';
import { forgetFailures } from '../spool/index.ts';
import type { DraftedPlan } from './planner.ts';
import { plannedTask, type PlannedTask } from './plan.ts';
import { sweepRunFolder } from './sweep-run-folder.ts';
import { forgetTaskFailures } from './task-failures.ts';
import { taskSpool } from './task-spool.ts';

/**
 * Before any task starts: unfinished and bad checkpoints that are to be made anew are renamed out of the way (never
 * deleted), temporary files that a kill left behind are removed, and failures of earlier runs are forgotten.
 */
export async function clearTheWay(directory: string, { plan, inTheWay }: DraftedPlan): Promise<void> {
  const stamp = new Date().toISOString().replaceAll(/[-:]/g, '');
  for (const file of inTheWay) {
    await nodeFileSystem.rename(path.join(directory, file), path.join(directory, `${file}.bad-${stamp}`));
  }
  // Makes durable the new names, and those of checkpoints that were found: whoever published one may have died before that.
  await syncFolder(nodeFileSystem, directory);
  await removeCheckpointTemps(directory, plan.tasks);
  await forgetTaskFailures(directory);
  await sweepRunFolder(directory);
  for (const [index, task] of plan.tasks.entries()) {
    if (task.state !== 'pending') continue;
    await forgetFailures(path.join(directory, taskSpool(plan, task, plannedTask(plan, index).embedder).folder));
  }
}

/** Removes temporary files of a plan's checkpoints, of any host and any age. Safe only while no task of the run is open. */
export async function removeCheckpointTemps(
  directory: string,
  tasks: readonly Pick<PlannedTask, 'checkpoint'>[],
): Promise<void> {
  const checkpoints = new Set(tasks.map(({ checkpoint }) => checkpoint));
  for (const name of await nodeFileSystem.list(directory)) {
    const checkpoint = /^\.(.+)\.[^.]+\.tmp$/.exec(name)?.[1];
    if (checkpoint !== undefined && checkpoints.has(checkpoint))
      await fs.rm(path.join(directory, name), { force: true });
  }
}
