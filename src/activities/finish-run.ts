import { Context } from '@temporalio/activity';
import type { FinishRunInput } from '../contract/activities.ts';
import type { RunOutcome } from '../contract/outcome.ts';
import {
  detailsOfRun,
  finishTimeline,
  makeReportPage,
  removeReportPage,
  type TimelineObserver,
} from '../report/index.ts';
import { removeCheckpointTemps } from '../run/clear-the-way.ts';
import { finishRun as finish } from '../run/finish.ts';
import { isOwner, readOwner, releaseClaim } from '../run/owner.ts';
import { loadPlan } from '../run/plan.ts';
import { addReportNote, reporterOf, type ReportDetails } from '../run/report.ts';
import { sweepRunFolder } from '../run/sweep-run-folder.ts';
import { sweepSpools } from '../run/sweep-spools.ts';
import { claimantOf } from './claimant.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { activityLog } from './log-fields.ts';
import type { ObservedScope } from './observed-scope.ts';

/** Attempts that may fail because of leftovers. */
const SWEEP_ATTEMPTS = 3;

/** What the report takes from the worker's timeline. */
type OwnTimeline = Pick<TimelineObserver, 'flush'>;

/**
 * Counts what is on disk and writes the report. A run that was refused because the folder belongs to another writes
 * nothing there.
 */
export async function finishRun(
  input: FinishRunInput,
  { signal, observation }: ObservedScope,
  { server }: ActivityDependencies,
  timeline: OwnTimeline = { flush: async () => {} },
): Promise<RunOutcome> {
  const { directory } = input.run;
  const { workflowId = '', runId: workflowRunId = '' } = Context.current().info.workflowExecution ?? {};
  const claimant = await claimantOf(server);
  const owner = await readOwner(directory);
  // Without an owner, an earlier attempt may have reported and let go of the folder before it died.
  const mayWrite = owner === undefined ? (await reporterOf(directory)) === workflowRunId : isOwner(claimant, owner);
  const outcome = await finish(
    input,
    { workflowId, workflowRunId },
    {
      mayWrite,
      signal,
      onValidated: (validated) => observation.tell({ type: 'checkpoint-validated', ...validated }),
      detailsOf: () => details(input, server, timeline, signal),
    },
  );
  if (!mayWrite) return outcome;
  if (outcome.report !== '') await makePage(input, outcome, workflowRunId, signal);
  if (input.plan !== undefined) await sweep(directory, input.plan.plan, signal);
  await releaseClaim(directory, claimant);
  observation.tell({ type: 'run-finished', ...countsOf(outcome) });
  activityLog().info(outcome.message, { directory, outcome: outcome.outcome });
  return outcome;
}

async function details(
  { run, plan, startedAt }: FinishRunInput,
  { address, namespace }: ActivityDependencies['server'],
  timeline: OwnTimeline,
  signal: AbortSignal,
): Promise<ReportDetails> {
  await timeline.flush();
  const server = { address, namespace };
  return { ...(plan && (await detailsOfRun(run.directory, plan.plan, startedAt, signal))), server };
}

/** A picture that cannot be made changes nothing about how the run ended; the report says why there is none. */
async function makePage(
  { run, startedAt }: FinishRunInput,
  outcome: RunOutcome,
  workflowRunId: string,
  signal: AbortSignal,
): Promise<void> {
  const { directory } = run;
  const { log } = Context.current();
  try {
    const finishedAt = new Date().toISOString();
    finishTimeline(directory, { startedAt, finishedAt, workflowRunId, ...countsOf(outcome) });
  } catch (error) {
    log.warn('the end of the run was not added to its timeline', { directory, error });
  }
  try {
    await makeReportPage(directory, signal);
  } catch (error) {
    signal.throwIfAborted();
    log.warn('report.html was not made', { directory, error });
    await removeReportPage(directory).catch(() => {});
    await addReportNote(directory, `report.html was not made: ${(error as Error).message}`).catch(() => {});
  }
}

function countsOf({ outcome, tasks, found, embedded, failed, skipped, rows }: RunOutcome) {
  return { outcome, tasks, found, embedded, failed, skipped, rows };
}

/** Leftovers that cannot be removed do not change how a run ended: after a few attempts they are left to the next run. */
async function sweep(directory: string, digest: string, signal: AbortSignal): Promise<void> {
  try {
    const plan = await loadPlan(directory, digest);
    await removeCheckpointTemps(directory, plan.tasks);
    await sweepSpools(directory, plan, signal);
    await sweepRunFolder(directory);
  } catch (error) {
    signal.throwIfAborted();
    const { info } = Context.current();
    if (info.attempt < SWEEP_ATTEMPTS) throw error;
    activityLog().warn('leftovers were not removed', { directory, error });
  }
}
