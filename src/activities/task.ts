import * as path from 'node:path';
import type { TaskInput } from '../contract/activities.ts';
import { requireManifest, type RunManifest } from '../run/manifest.ts';
import { loadPlan, plannedTask, type Plan, type PlannedEmbedder, type PlannedTask } from '../run/plan.ts';
import { taskSpool } from '../run/task-spool.ts';
import type { SpoolShape } from '../spool/index.ts';

/** A task with everything its reference stands for. */
export interface LoadedTask {
  /** SHA-256 of the plan, and the task's place in it. */
  reference: Pick<TaskInput, 'plan' | 'index'>;
  manifest: RunManifest;
  plan: Plan;
  task: PlannedTask;
  embedder: PlannedEmbedder;
  /** Absolute. */
  inputFile: string;
  /** DIR. */
  directory: string;
  /** Absolute. */
  checkpointFile: string;
  /** Relative to DIR. */
  spoolName: string;
  /** Absolute. */
  spoolFolder: string;
  shape: SpoolShape;
}

/** Looks a task up on this host, where DIR must hold the run that the task belongs to. */
export async function loadTask({ run, plan: digest, index }: TaskInput): Promise<LoadedTask> {
  const manifest = await requireManifest(run.directory, run.runId);
  const plan = await loadPlan(run.directory, digest);
  const { task, embedder } = plannedTask(plan, index);
  const { folder, shape } = taskSpool(plan, task, embedder);
  return {
    reference: { plan: digest, index },
    manifest,
    plan,
    task,
    embedder,
    inputFile: path.join(plan.header.inputRoot, task.input),
    directory: run.directory,
    checkpointFile: path.join(run.directory, task.checkpoint),
    spoolName: folder,
    spoolFolder: path.join(run.directory, folder),
    shape,
  };
}
