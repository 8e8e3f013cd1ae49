import * as path from 'node:path';
import type { CheckpointEntry } from '../checkpoint/types.ts';
import { isComplete } from './judge-existing.ts';
import { mapLimited } from './limited.ts';
import { isMissing } from './missing.ts';
import { validateObserved, type OnValidated } from './observed-validation.ts';
import type { Plan, PlannedTask } from './plan.ts';
import { describeSkipped, skipRecordOf, type SkipRecord } from './skipped-sequences.ts';

/** One task as report.json lists it. */
export interface TaskReport {
  /** Checkpoint, relative to DIR. */
  path: string;
  result: 'embedded' | 'found' | 'failed' | 'skipped';
  /** Why it failed or was skipped, or which sequences it does without. */
  reason?: string;
  input: string;
  embedder: string;
  rows?: number;
  bytes?: number;
  skippedSequences?: number;
  /** Of the whole file, as computed by whoever published it; absent where nobody wrote it down. */
  sha256?: string;
  /** Attempts to embed it in this execution. */
  attempts?: number;
  /** That these attempts took together. */
  embedSeconds?: number;
}

/** A sequence that a checkpoint does without. */
export interface SequenceReport {
  input: string;
  embedder: string;
  id: string;
  reason: string;
}

/** What is on disk for a plan. */
export interface Tally {
  found: number;
  embedded: number;
  failed: number;
  skipped: number;
  rows: number;
  /** Those that found and embedded checkpoints do without. */
  skippedSequences: SequenceReport[];
  /** A checkpoint of this plan is corrupted or incompatible and was not skipped. */
  bad: { type: 'corrupted' | 'incompatible'; count: number } | undefined;
  checkpoints: TaskReport[];
  /** Those of `checkpoints` that failed to embed; bad checkpoints that were there are not among them. */
  notEmbedded: TaskReport[];
}

/** Small files are judged in batches: handing one to a thread costs more than judging it. */
const BATCH = 64;
/** Batches that are on their way to the validation threads. */
const BATCHES_AT_ONCE = 8;

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
  onValidated?: OnValidated,
): Promise<Tally> {
  const entries = await judgeAll(directory, plan, signal, onValidated);
  const records = await recordsOfShortOnes(directory, plan, entries, signal);
  const judged = plan.tasks.map((task, index) => {
    const seen = { entry: entries.get(index), record: records.get(index) };
    return tallyTask(plan, task, seen, reasons.get(index), stopped);
  });
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
    skippedSequences: present.flatMap(({ skippedSequences = [] }) => skippedSequences),
    checkpoints: present.map(({ report }) => report),
    notEmbedded: present.flatMap((one) =>
      one.report.result === 'failed' && one.bad === undefined ? [one.report] : [],
    ),
  };
}

/** What validation says of each checkpoint of the plan, by task index; skipped and bad ones are not looked at again. */
async function judgeAll(
  directory: string,
  plan: Plan,
  signal: AbortSignal,
  onValidated: OnValidated | undefined,
): Promise<Map<number, CheckpointEntry>> {
  const entries = new Map<number, CheckpointEntry>();
  await mapLimited(batchesOf(plan), BATCHES_AT_ONCE, async ({ description, indexes }) => {
    const checks = indexes.map((index) => ({ path: path.join(directory, plan.tasks[index]!.checkpoint) }));
    const { kind, dim } = description;
    const trustContent = plan.header.skipCheckpointValidation;
    const options = { level: 'structure', trustContent, expect: { kind, dim }, signal } as const;
    const found = await validateObserved(checks, options, onValidated);
    for (const [at, entry] of found.entries()) entries.set(indexes[at]!, entry);
  });
  return entries;
}

function* batchesOf({ header, tasks }: Plan) {
  for (const { description } of header.embedders) {
    const indexes = [...tasks.keys()].filter((index) => {
      const task = tasks[index]!;
      return task.embedder === description.name && task.state !== 'skipped' && task.state !== 'bad';
    });
    for (let start = 0; start < indexes.length; start += BATCH) {
      yield { description, indexes: indexes.slice(start, start + BATCH) };
    }
  }
}

/** Records of the checkpoints with fewer rows than their inputs, by task index. */
async function recordsOfShortOnes(
  directory: string,
  plan: Plan,
  entries: ReadonlyMap<number, CheckpointEntry>,
  signal: AbortSignal,
): Promise<Map<number, SkipRecord>> {
  const records = new Map<number, SkipRecord>();
  const short = [...entries].filter(([index, entry]) => {
    return entry.result === 'valid' && entry.rows !== undefined && entry.rows < plan.tasks[index]!.part.count;
  });
  await mapLimited(short, BATCHES_AT_ONCE, async ([index]) => {
    const { checkpoint, part } = plan.tasks[index]!;
    const record = await skipRecordOf(directory, checkpoint, signal);
    if (record !== undefined && record.rows + record.skipped.length === part.count) records.set(index, record);
  });
  return records;
}

interface TalliedTask {
  report: TaskReport;
  bad?: 'corrupted' | 'incompatible';
  skippedSequences?: SequenceReport[];
}

/** What is on disk for a task. */
interface Seen {
  entry: CheckpointEntry | undefined;
  record: SkipRecord | undefined;
}

function tallyTask(
  plan: Plan,
  task: PlannedTask,
  { entry, record }: Seen,
  failure: string | undefined,
  stopped: boolean,
): TalliedTask | undefined {
  const { checkpoint, embedder, input } = task;
  const file = path.join(plan.header.inputRoot, input);
  const about = { path: checkpoint, input: file, embedder };
  if (task.state === 'skipped') return { report: { ...about, result: 'skipped', reason: task.detail ?? 'skipped' } };
  // Planning has seen the ids of the input, which are not compared again here: its verdict stands.
  if (entry === undefined) return badWhenPlanned(about, task);
  if (isPresent(entry, task, record)) {
    const result = task.state === 'found' ? 'found' : 'embedded';
    const rows = task.part.count - (record?.skipped.length ?? 0);
    return withSkipped({ ...about, result, rows, bytes: entry.bytes ?? 0 }, record);
  }
  if (failure !== undefined) return { report: { ...about, result: 'failed', reason: failure } };
  if (isMissing(entry) || entry.result === 'valid') {
    if (stopped && task.state === 'pending') return undefined;
    return { report: { ...about, result: 'failed', reason: 'no complete checkpoint on disk' } };
  }
  const report: TaskReport = { ...about, result: 'failed', reason: entry.reason ?? entry.result };
  return entry.result === 'unavailable' ? { report } : { report, bad: entry.result };
}

function badWhenPlanned(about: Pick<TaskReport, 'path' | 'input' | 'embedder'>, task: PlannedTask): TalliedTask {
  const bad = task.reason === 'corrupted' ? 'corrupted' : 'incompatible';
  return { report: { ...about, result: 'failed', reason: task.detail ?? bad }, bad };
}

function withSkipped(report: TaskReport, record: SkipRecord | undefined): TalliedTask {
  if (record === undefined) return { report };
  const { input, embedder } = report;
  return {
    report: { ...report, reason: describeSkipped(record), skippedSequences: record.skipped.length },
    skippedSequences: record.skipped.map(({ id, reason }) => ({ input, embedder, id, reason })),
  };
}

/** Valid, complete and with a row for every window that is not on record as skipped. */
function isPresent(entry: CheckpointEntry, task: PlannedTask, record: SkipRecord | undefined): boolean {
  if (entry.result !== 'valid' || !isComplete(entry)) return false;
  // Where content is believed, a file may not even say how many rows it has.
  return entry.rows === undefined || entry.rows === task.part.count - (record?.skipped.length ?? 0);
}
