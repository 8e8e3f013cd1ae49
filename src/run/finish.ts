import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { FinishRunInput } from '../contract/activities.ts';
import { FailureType } from '../contract/failure-types.ts';
import { EXIT_CODES, outcomeOfFailure, type Offender, type Outcome, type RunOutcome } from '../contract/outcome.ts';
import { escapeField } from '../checkpoint/failed-checkpoints.ts';
import { replaceFile } from './atomic-file.ts';
import { isUnwritable } from './manifest.ts';
import { recordBindings } from './model-binding.ts';
import type { OnValidated } from './observed-validation.ts';
import { loadPlan, type Plan } from './plan.ts';
import { FAILED_FILES, FAILED_SEQUENCES, REPORT } from './run-folder.ts';
import { countSkipped } from './skipped-sequences.ts';
import { tallyPlan, type Tally, type TaskReport } from './tally.ts';
import { readTaskFailures } from './task-failures.ts';

/** An outcome stays below 2 KiB: the failure that carries it is cut by the server at 4 KiB. */
const MAX_OFFENDERS = 5;
const MAX_OFFENDER_LENGTH = 128;
const MAX_MESSAGE_LENGTH = 512;

/** Identifies the execution in the report. */
export interface ExecutionIdentity {
  workflowId: string;
  workflowRunId: string;
}

/** DIR/report.json: the outcome, with everything that does not fit a payload. */
export interface RunReport extends Omit<RunOutcome, 'offenders'> {
  runId: string;
  workflowId: string;
  workflowRunId: string;
  startedAt: string;
  finishedAt: string;
  seconds: number;
  /** `skipped`: exit 0 then promises "present", not "valid". */
  validation: 'structure' | 'skipped';
  settings?: { chunkLength: number | null; sequencesPerFile: number; embedders: Plan['header']['embedders'] };
  /** Inputs of run.json that this run was not asked for; their checkpoints are kept. */
  absentInputs: string[];
  notes: string[];
  /** What planRun found: `Found 15/20 checkpoints, resuming 5 files`. */
  planned?: string;
  checkpoints: TaskReport[];
  /** Why a run ended early. */
  error?: { type: string; message: string };
}

const NOTHING: Tally = {
  found: 0,
  embedded: 0,
  failed: 0,
  skipped: 0,
  rows: 0,
  skippedSequences: [],
  bad: undefined,
  checkpoints: [],
  notEmbedded: [],
};

/**
 * Counts what is on disk, writes failed_files.txt, failed_sequences.txt and report.json, and says how the run ended.
 *
 * @param mayWrite false: the folder belongs to another run, nothing is written there
 */
export async function finishRun(
  input: FinishRunInput,
  identity: ExecutionIdentity,
  mayWrite: boolean,
  signal: AbortSignal,
  onValidated?: OnValidated,
): Promise<RunOutcome> {
  const { directory } = input.run;
  const plan = input.plan === undefined ? undefined : await loadPlan(directory, input.plan.plan);
  const tally = plan === undefined ? NOTHING : await tallyRun(input, plan, signal, onValidated);
  const outcome = judgeRun(input, plan, tally);
  if (!mayWrite) return { ...outcome, report: '' };
  try {
    await recordBindings(directory);
    await writeFailedFiles(directory, tally);
    await writeFailedSequences(directory, tally);
    await writeReport(input, identity, plan, tally, outcome);
  } catch (error) {
    // A full disk must not keep the run from saying how it ended, least of all that the disk is full.
    if (!isUnwritable(error)) throw error;
    return { ...outcome, report: '', message: cut(`${outcome.message} (no report: ${error.message})`) };
  }
  return outcome;
}

function cut(message: string): string {
  return message.slice(0, MAX_MESSAGE_LENGTH);
}

async function tallyRun(
  input: FinishRunInput,
  plan: Plan,
  signal: AbortSignal,
  onValidated: OnValidated | undefined,
): Promise<Tally> {
  const { directory } = input.run;
  const reasons = await readTaskFailures(directory, input.plan!.plan);
  for (const { index, reason } of input.taskFailures) if (!reasons.has(index)) reasons.set(index, reason);
  const stopped = input.failure !== undefined || input.cancelled === true || input.plan!.bad > 0;
  return tallyPlan(directory, plan, reasons, stopped, signal, onValidated);
}

function judgeRun(input: FinishRunInput, plan: Plan | undefined, tally: Tally): RunOutcome {
  const { outcome, failureType, message } = verdict(input, tally);
  return {
    schema: 1,
    outcome,
    exitCode: EXIT_CODES[outcome],
    ...(failureType === undefined ? {} : { failureType }),
    tasks: plan?.tasks.length ?? 0,
    found: tally.found,
    embedded: tally.embedded,
    failed: tally.failed,
    skipped: tally.skipped,
    skippedSequences: tally.skippedSequences.length,
    rows: tally.rows,
    message: cut(message),
    offenders: offendersOf(input, tally),
    report: REPORT,
  };
}

function verdict(input: FinishRunInput, tally: Tally): { outcome: Outcome; failureType?: string; message: string } {
  if (input.cancelled === true)
    return { outcome: 'cancelled', message: `cancelled: ${done(tally)}; start again to go on` };
  if (input.failure !== undefined) {
    const { type, message } = input.failure;
    return { outcome: outcomeOfFailure(type), failureType: type, message };
  }
  if (tally.bad !== undefined) {
    const { type, count } = tally.bad;
    const failureType = type === 'corrupted' ? FailureType.CheckpointCorrupted : FailureType.CheckpointIncompatible;
    const first = tally.checkpoints.find(({ result }) => result === 'failed');
    const message =
      `${count} bad checkpoint(s), first ${first?.path}: ${first?.reason}; mend or remove them, or start again with ` +
      '--force-resume (leaves them as they are) or --on-bad-checkpoint recompute';
    return { outcome: 'checkpoint', failureType, message };
  }
  if (tally.failed + tally.skipped + tally.skippedSequences.length > 0) {
    const lists = [
      ...(tally.failed + tally.skipped > 0 ? [FAILED_FILES] : []),
      ...(tally.skippedSequences.length > 0 ? [FAILED_SEQUENCES] : []),
    ];
    const message = `finished with holes: ${done(tally)}; see ${lists.join(', ')} and ${REPORT}`;
    return { outcome: 'partial', message };
  }
  return {
    outcome: 'success',
    message: `all ${tally.found + tally.embedded} checkpoints are complete: ${done(tally)}`,
  };
}

function done({ found, embedded, failed, skipped, skippedSequences }: Tally): string {
  return `${found} found, ${embedded} embedded, ${failed} failed, ${skipped} skipped${countSkipped(skippedSequences.length)}`;
}

function offendersOf(input: FinishRunInput, tally: Tally): Offender[] {
  const holes = tally.checkpoints.filter(({ reason }) => reason !== undefined);
  const offenders =
    input.failure?.offenders ?? holes.map(({ path: file, reason }) => ({ path: file, reason: reason ?? '' }));
  return offenders.slice(0, MAX_OFFENDERS).map((offender) => ({
    path: offender.path.slice(-MAX_OFFENDER_LENGTH),
    reason: offender.reason.slice(0, MAX_OFFENDER_LENGTH),
  }));
}

/** `{file}|{embedder}|{reason}`, written anew by each run; no failures, no file. */
async function writeFailedFiles(directory: string, tally: Tally): Promise<void> {
  const fields = tally.notEmbedded.map(({ input, embedder, reason }) => [input, embedder, reason ?? '']);
  await writeList(path.join(directory, FAILED_FILES), fields);
}

/** `{file}|{embedder}|{id}|{reason}`, written anew by each run; none skipped, no file. */
async function writeFailedSequences(directory: string, tally: Tally): Promise<void> {
  const fields = tally.skippedSequences.map(({ input, embedder, id, reason }) => [input, embedder, id, reason]);
  await writeList(path.join(directory, FAILED_SEQUENCES), fields);
}

async function writeList(target: string, entries: readonly string[][]): Promise<void> {
  const lines = entries.map((fields) => `${fields.map(escapeField).join('|')}\n`);
  if (lines.length === 0) await fs.rm(target, { force: true });
  else await replaceFile(target, lines.join(''));
}

async function writeReport(
  input: FinishRunInput,
  identity: ExecutionIdentity,
  plan: Plan | undefined,
  tally: Tally,
  outcome: RunOutcome,
): Promise<void> {
  const finishedAt = new Date();
  const { offenders: _, ...summary } = outcome;
  const report: RunReport = {
    ...summary,
    runId: input.run.runId,
    ...identity,
    startedAt: input.startedAt,
    finishedAt: finishedAt.toISOString(),
    seconds: (finishedAt.getTime() - Date.parse(input.startedAt)) / 1000,
    validation: plan?.header.skipCheckpointValidation === true ? 'skipped' : 'structure',
    ...(plan === undefined ? {} : { settings: settingsOf(plan) }),
    absentInputs: plan?.header.absent ?? [],
    notes: plan?.header.notes ?? [],
    ...(input.plan === undefined ? {} : { planned: input.plan.message }),
    checkpoints: tally.checkpoints,
    ...(input.failure === undefined ? {} : { error: { type: input.failure.type, message: input.failure.message } }),
  };
  await replaceFile(path.join(input.run.directory, REPORT), `${JSON.stringify(report, null, 2)}\n`);
}

function settingsOf({ header }: Plan): NonNullable<RunReport['settings']> {
  const { chunkLength, sequencesPerFile, embedders } = header;
  return { chunkLength, sequencesPerFile, embedders };
}

/** Id of the workflow execution that has written DIR/report.json; undefined if there is no report. */
export async function reporterOf(directory: string): Promise<string | undefined> {
  try {
    const report = JSON.parse(await fs.readFile(path.join(directory, REPORT), 'utf8')) as Partial<RunReport>;
    return report.workflowRunId;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
