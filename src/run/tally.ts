import * as path from 'node:path';
import { validateCheckpoint } from '../checkpoint/index.ts';
import type { CheckpointEntry } from '../checkpoint/types.ts';
import { isComplete } from './judge-existing.ts';
import { mapLimited } from './limited.ts';
import type { Plan, PlannedTask } from './plan.ts';

/** One task as report.json lists it. */
export interface TaskReport {
  /** Checkpoint, relative to DIR. */
  path: string;
  result: 'embedded' | 'found' | 'failed' | 'skipped';
  /** Why it failed or was skipped. */
  reason?: string;
  input: string;
  embedder: string;
  rows?: number;
  bytes?: number;
}

/** What is on disk for a plan. */
export interface Tally {
  found: number;
  embedded: number;
  failed: number;
  skipped: number;
  rows: number;
  /** A checkpoint of this plan is corrupted or incompatible and was not skipped. */
  bad: { type: 'corrupted' | 'incompatible'; count: number } | undefined;
  checkpoints: TaskReport[];
}

/** Validation is bound by the validation threads; a few more keep them busy. */
const CHECKPOINTS_AT_ONCE = 16;

/**
 * Counts what is on disk, not what was intended: every checkpoint of the plan is looked at again.
 *
 * @param stopped the run ended early: tasks without a checkpoint were not tried and are left out
 */
export async function tallyPlan(
  directory: string,
  plan: Plan,
  reasons: ReadonlyMap<number, string>,
  stopped: boolean,
  signal: AbortSignal,
): Promise<Tally> {
  const judged = await mapLimited(plan.tasks, CHECKPOINTS_AT_ONCE, (task, index) =>
    tallyTask(directory, plan, task, reasons.get(index), stopped, signal),
  );
  const present = judged.filter((one) => one !== undefined);
  const count = (result: TaskReport['result']) => present.filter(({ report }) => report.result === result).length;
  const bad = present.flatMap((one) => (one.bad === undefined ? [] : [one.bad]));
  return {
    found: count('found'),
    embedded: count('embedded'),
    failed: count('failed'),
    skipped: count('skipped'),
    rows: present.reduce((sum, { report }) => sum + (report.result === 'skipped' ? 0 : (report.rows ?? 0)), 0),
    bad:
      bad.length === 0
        ? undefined
        : { type: bad.includes('corrupted') ? 'corrupted' : 'incompatible', count: bad.length },
    checkpoints: present.map(({ report }) => report),
  };
}

interface TalliedTask {
  report: TaskReport;
  bad?: 'corrupted' | 'incompatible';
}

async function tallyTask(
  directory: string,
  plan: Plan,
  task: PlannedTask,
  failure: string | undefined,
  stopped: boolean,
  signal: AbortSignal,
): Promise<TalliedTask | undefined> {
  const { checkpoint, embedder, input } = task;
  const file = path.join(plan.header.inputRoot, input);
  const about = { path: checkpoint, input: file, embedder };
  if (task.state === 'skipped') return { report: { ...about, result: 'skipped', reason: task.detail ?? 'skipped' } };
  const entry = await validateCheckpoint(path.join(directory, checkpoint), {
    level: 'structure',
    trustContent: plan.header.skipCheckpointValidation,
    expect: expectationOf(plan, task),
    signal,
  });
  if (isPresent(entry, task)) {
    const result = task.state === 'found' ? 'found' : 'embedded';
    return { report: { ...about, result, rows: entry.rows ?? 0, bytes: entry.bytes ?? 0 } };
  }
  if (failure !== undefined) return { report: { ...about, result: 'failed', reason: failure } };
  if (isMissing(entry) || entry.result === 'valid') {
    if (stopped && task.state === 'pending') return undefined;
    return { report: { ...about, result: 'failed', reason: 'no complete checkpoint on disk' } };
  }
  const report: TaskReport = { ...about, result: 'failed', reason: entry.reason ?? entry.result };
  return entry.result === 'unavailable' ? { report } : { report, bad: entry.result };
}

function expectationOf(plan: Plan, task: PlannedTask) {
  const embedder = plan.header.embedders.find(({ description }) => description.name === task.embedder);
  return embedder === undefined ? {} : { kind: embedder.description.kind, dim: embedder.description.dim };
}

/** Valid, complete and with a row for every window. */
function isPresent(entry: CheckpointEntry, task: PlannedTask): boolean {
  return entry.result === 'valid' && isComplete(entry) && entry.rows === task.part.count;
}

function isMissing(entry: CheckpointEntry): boolean {
  return entry.code === 'MISSING';
}
