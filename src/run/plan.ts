import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { FailureType } from '../contract/failure-types.ts';
import type { OnBadSequence, PlanSummary } from '../contract/run-request.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import type { EmbedderDescription, EmbedderOptions } from '../embedders/types.ts';
import type { FilePart } from '../sequences/index.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { createFile } from './atomic-file.ts';
import { sha256Hex } from './stored-document.ts';
import { internal } from './run-folder.ts';

/** Why a task has to be embedded. */
export type TaskReason = 'missing' | 'in_progress' | 'corrupted' | 'incompatible';

/**
 * - `pending`: to embed.
 * - `found`: complete and valid already.
 * - `skipped`: bad, left as it is.
 * - `bad`: bad, stops the run.
 */
export type TaskState = 'pending' | 'found' | 'skipped' | 'bad';

/** One file, or one part of it, with one embedder: one checkpoint. */
export interface PlannedTask {
  state: TaskState;
  /** Absent when found. */
  reason?: TaskReason;
  /** What validation said of a bad checkpoint. */
  detail?: string;
  embedder: string;
  /** Relative to the plan's `inputRoot`. */
  input: string;
  /** Of the decompressed content. */
  inputSha256: string;
  gzip: boolean;
  part: Omit<FilePart, 'ids'>;
  /** Relative to DIR. */
  checkpoint: string;
}

export interface PlannedEmbedder {
  description: EmbedderDescription;
  options: EmbedderOptions;
  taskQueue: string;
}

/** The first line of a plan. */
export interface PlanHeader {
  schema: 1;
  runId: string;
  inputRoot: string;
  chunkLength: number | null;
  sequencesPerFile: number;
  batchSize: number | null;
  skipCheckpointValidation: boolean;
  onBadSequence: OnBadSequence;
  embedders: PlannedEmbedder[];
  /** Inputs of run.json that were not asked for. */
  absent: string[];
  notes: string[];
}

/** Tasks in the order of their index: pending ones first, grouped by embedder. */
export interface Plan {
  header: PlanHeader;
  tasks: PlannedTask[];
}

/** Writes a plan to DIR/.virnucpro/plans/<sha256>.jsonl, create-only, and returns its SHA-256. */
export async function storePlan(directory: string, plan: Plan): Promise<string> {
  const content = [plan.header, ...plan.tasks].map((line) => `${JSON.stringify(line)}\n`).join('');
  const digest = sha256Hex(content);
  const folder = path.join(directory, internal.plans);
  await nodeFileSystem.makeFolder(folder);
  await createFile(path.join(folder, `${digest}.jsonl`), content);
  return digest;
}

/** How many plans a worker keeps parsed: those of the runs it works for, and a few that have just ended. */
const MAX_CACHED_PLANS = 8;
const cache = new Map<string, Promise<Plan>>();

/** Reads a plan and checks it against its digest; later calls in this process get the same object. */
export function loadPlan(directory: string, digest: string): Promise<Plan> {
  const key = `${directory}\0${digest}`;
  let plan = cache.get(key);
  if (plan === undefined) {
    plan = readPlan(directory, digest);
    cache.set(key, plan);
    plan.catch(() => cache.delete(key));
    const oldest = cache.keys().next().value;
    if (cache.size > MAX_CACHED_PLANS && oldest !== undefined) cache.delete(oldest);
  }
  return plan;
}

async function readPlan(directory: string, digest: string): Promise<Plan> {
  const file = path.join(directory, internal.plans, `${digest}.jsonl`);
  const content = await fs.readFile(file, 'utf8');
  if (sha256Hex(content) !== digest) {
    throw new VirnucproError(
      FailureType.RunInvalidInput,
      `plan ${file} was changed on disk: expected SHA-256 ${digest}, got ${sha256Hex(content)}; start the run again, it plans anew`,
    );
  }
  const [header, ...tasks] = content.trimEnd().split('\n');
  return { header: JSON.parse(header!) as PlanHeader, tasks: tasks.map((line) => JSON.parse(line) as PlannedTask) };
}

/**
 * @throws VirnucproError `RunError.InvalidInput` if the plan has no such task
 */
export function plannedTask(plan: Plan, index: number): { task: PlannedTask; embedder: PlannedEmbedder } {
  const task = plan.tasks[index];
  const embedder = plan.header.embedders.find(({ description }) => description.name === task?.embedder);
  if (task !== undefined && embedder !== undefined) return { task, embedder };
  const message = `the plan has no task ${index}: it has ${plan.tasks.length}`;
  throw new VirnucproError(FailureType.RunInvalidInput, message);
}

/** Counts and ranges: what a workflow needs to know of a plan. */
export function summarizePlan(digest: string, plan: Plan): PlanSummary {
  const count = (state: TaskState) => plan.tasks.filter((task) => task.state === state).length;
  const counts = { total: plan.tasks.length, found: count('found'), pending: count('pending') };
  const ranges = plan.header.embedders.flatMap(({ description, taskQueue }) => {
    const mine = (task: PlannedTask) => task.state === 'pending' && task.embedder === description.name;
    const start = plan.tasks.findIndex(mine);
    const end = plan.tasks.findLastIndex(mine) + 1;
    return start < 0 ? [] : [{ embedder: description.name, taskQueue, start, end }];
  });
  return {
    plan: digest,
    ...counts,
    skipped: count('skipped'),
    bad: count('bad'),
    ranges,
    message: resumeLine(counts),
  };
}

/** `Found 15/20 checkpoints, resuming 5 files`: complete ones, tasks, tasks to embed. */
function resumeLine(counts: { total: number; found: number; pending: number }): string {
  return `Found ${counts.found}/${counts.total} checkpoints, resuming ${counts.pending} files`;
}
