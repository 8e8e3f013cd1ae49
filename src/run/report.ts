import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { FinishRunInput } from '../contract/activities.ts';
import type { RunOutcome } from '../contract/outcome.ts';
import type { Fingerprint } from '../embedders/types.ts';
import { replaceFile } from './atomic-file.ts';
import { readManifest } from './manifest.ts';
import type { Plan } from './plan.ts';
import { REPORT } from './run-folder.ts';
import type { Tally, TaskReport } from './tally.ts';

/** Identifies the execution in the report. */
export interface ExecutionIdentity {
  workflowId: string;
  workflowRunId: string;
}

/** A process of a worker, as it described itself. */
export interface WorkerFacts {
  host: string;
  pid: number;
  /** When it first worked for this execution. */
  startedAt: string;
  /** Version of this package. */
  package: string;
  /** Version of Node. */
  node: string;
  /** Operating system, release and architecture. */
  platform: string;
  /** What its embedders compute with, where they say so: `torch`, `device`. */
  embedders?: Record<string, Record<string, string>>;
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
  /** SHA-256 of the plan. */
  plan?: string;
  checkpoints: TaskReport[];
  /** Why a run ended early. */
  error?: { type: string; message: string };
  /** Fingerprints by embedder, with what the models have told when they were loaded. */
  fingerprints?: Record<string, Fingerprint>;
  /** Server that the run was finished through. */
  server?: { address: string; namespace: string };
  /** Processes that have worked for this execution. */
  workers?: WorkerFacts[];
}

/** What is known of a checkpoint beyond what is on disk. */
export type CheckpointDetails = Pick<TaskReport, 'attempts' | 'embedSeconds'> & {
  sha256?: string;
  /** Of the file that has this digest: one of another size is another file. */
  bytes?: number;
};

/** What the caller of finishRun adds to a report. */
export interface ReportDetails {
  server?: { address: string; namespace: string };
  workers?: WorkerFacts[];
  /** By path relative to DIR. */
  checkpoints?: ReadonlyMap<string, CheckpointDetails>;
  notes?: string[];
}

/** What finishRun knows when it writes the report. */
export interface FinishedRun {
  input: FinishRunInput;
  identity: ExecutionIdentity;
  plan: Plan | undefined;
  tally: Tally;
  outcome: RunOutcome;
}

/** Writes DIR/report.json. */
export async function writeReport(run: FinishedRun, details: ReportDetails): Promise<void> {
  const { input, identity, plan, tally, outcome } = run;
  const { directory } = input.run;
  const finishedAt = new Date();
  const { offenders: _, ...summary } = outcome;
  const fingerprints = await fingerprintsOf(directory);
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
    notes: [...(plan?.header.notes ?? []), ...(details.notes ?? [])],
    ...(input.plan === undefined ? {} : { planned: input.plan.message, plan: input.plan.plan }),
    checkpoints: tally.checkpoints.map((one) => withDetails(one, details.checkpoints?.get(one.path))),
    ...(input.failure === undefined ? {} : { error: { type: input.failure.type, message: input.failure.message } }),
    ...(fingerprints === undefined ? {} : { fingerprints }),
    ...(details.server === undefined ? {} : { server: details.server }),
    ...(details.workers === undefined ? {} : { workers: details.workers }),
  };
  await replaceReport(directory, report);
}

function withDetails(report: TaskReport, details: CheckpointDetails = {}): TaskReport {
  const { sha256, bytes, ...rest } = details;
  const isThere = report.result === 'embedded' || report.result === 'found';
  return { ...report, ...(isThere && sha256 !== undefined && bytes === report.bytes ? { sha256 } : {}), ...rest };
}

async function fingerprintsOf(directory: string): Promise<Record<string, Fingerprint> | undefined> {
  // A run.json that cannot be read is what the run has failed on: its report says so already.
  const manifest = await readManifest(directory).catch(() => undefined);
  if (manifest === undefined) return undefined;
  return Object.fromEntries(Object.entries(manifest.embedders).map(([name, { fingerprint }]) => [name, fingerprint]));
}

function settingsOf({ header }: Plan): NonNullable<RunReport['settings']> {
  const { chunkLength, sequencesPerFile, embedders } = header;
  return { chunkLength, sequencesPerFile, embedders };
}

async function replaceReport(directory: string, report: RunReport): Promise<void> {
  await replaceFile(path.join(directory, REPORT), `${JSON.stringify(report, null, 2)}\n`);
}

/** Adds to DIR/report.json what is to be known although it changes no outcome. */
export async function addReportNote(directory: string, note: string): Promise<void> {
  const report = await readReport(directory);
  if (report === undefined) return;
  await replaceReport(directory, { ...report, notes: [...(report.notes ?? []), note] });
}

/**
 * DIR/report.json as it is; undefined if there is none, or nothing that is one.
 *
 * @throws errno errors
 */
export async function readReport(directory: string): Promise<RunReport | undefined> {
  try {
    const report: unknown = JSON.parse(await fs.readFile(path.join(directory, REPORT), 'utf8'));
    return typeof report === 'object' && report !== null ? (report as RunReport) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Id of the workflow execution that has written DIR/report.json; undefined if there is no report. */
export async function reporterOf(directory: string): Promise<string | undefined> {
  return (await readReport(directory))?.workflowRunId;
}
