import type { FinishRunInput } from '../contract/activities.ts';
import type { RunOutcome } from '../contract/outcome.ts';
import { writeFailedFiles, writeFailedSequences } from './failed-lists.ts';
import { cutMessage } from './fit-outcome.ts';
import { isUnwritable } from './manifest.ts';
import { recordBindings } from './model-binding.ts';
import type { OnValidated } from './observed-validation.ts';
import { loadPlan, type Plan } from './plan.ts';
import { writeReport, type ExecutionIdentity, type ReportDetails } from './report.ts';
import { tallyPlan, type Tally } from './tally.ts';
import { readTaskFailures } from './task-failures.ts';
import { judgeRun } from './verdict.ts';

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

/** What a run is finished with, besides its input. */
export interface Finishing {
  /** false: the folder belongs to another run, nothing is written there */
  mayWrite: boolean;
  signal: AbortSignal;
  onValidated?: OnValidated;
  /** What is known beyond the plan and its checkpoints; asked for when the checkpoints have been counted. */
  detailsOf?: () => Promise<ReportDetails>;
}

/** Counts what is on disk, writes failed_files.txt, failed_sequences.txt and report.json, and says how the run ended. */
export async function finishRun(
  input: FinishRunInput,
  identity: ExecutionIdentity,
  { mayWrite, signal, onValidated, detailsOf = async () => ({}) }: Finishing,
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
    await writeReport({ input, identity, plan, tally, outcome }, await detailsOf());
  } catch (error) {
    // A full disk must not keep the run from saying how it ended, least of all that the disk is full.
    if (!isUnwritable(error)) throw error;
    return { ...outcome, report: '', message: cutMessage(`${outcome.message} (no report: ${error.message})`) };
  }
  return outcome;
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
