import { Context } from '@temporalio/activity';
import type { FinishRunInput } from '../contract/activities.ts';
import type { RunOutcome } from '../contract/outcome.ts';
import { sweepTemps } from '../run/clear-the-way.ts';
import { finishRun as finish, reporterOf } from '../run/finish.ts';
import { isOwner, readOwner, releaseClaim } from '../run/owner.ts';
import { loadPlan } from '../run/plan.ts';
import { sweepSpools } from '../run/sweep-spools.ts';
import { claimantOf } from './claimant.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { activityLog } from './log-fields.ts';
import type { ObservedScope } from './observed-scope.ts';

/** Attempts that may fail because of leftovers. */
const SWEEP_ATTEMPTS = 3;

/**
 * Counts what is on disk and writes the report. A run that was refused because the folder belongs to another writes
 * nothing there.
 */
export async function finishRun(
  input: FinishRunInput,
  { signal, observation }: ObservedScope,
  { server }: ActivityDependencies,
): Promise<RunOutcome> {
  const { directory } = input.run;
  const { workflowId = '', runId: workflowRunId = '' } = Context.current().info.workflowExecution ?? {};
  const claimant = await claimantOf(server);
  const owner = await readOwner(directory);
  // Without an owner, an earlier attempt may have reported and let go of the folder before it died.
  const mayWrite = owner === undefined ? (await reporterOf(directory)) === workflowRunId : isOwner(claimant, owner);
  const outcome = await finish(input, { workflowId, workflowRunId }, mayWrite, signal, (validated) =>
    observation.tell({ type: 'checkpoint-validated', ...validated }),
  );
  if (!mayWrite) return outcome;
  if (input.plan !== undefined) await sweep(directory, input.plan.plan, signal);
  await releaseClaim(directory, claimant);
  observation.tell({ type: 'run-finished', ...countsOf(outcome) });
  activityLog().info(outcome.message, { directory, outcome: outcome.outcome });
  return outcome;
}

function countsOf({ outcome, tasks, found, embedded, failed, skipped, rows }: RunOutcome) {
  return { outcome, tasks, found, embedded, failed, skipped, rows };
}

/** Leftovers that cannot be removed do not change how a run ended: after a few attempts they are left to the next run. */
async function sweep(directory: string, digest: string, signal: AbortSignal): Promise<void> {
  try {
    const plan = await loadPlan(directory, digest);
    await sweepTemps(directory, plan.tasks);
    await sweepSpools(directory, plan, signal);
  } catch (error) {
    signal.throwIfAborted();
    const { info } = Context.current();
    if (info.attempt < SWEEP_ATTEMPTS) throw error;
    activityLog().warn('leftovers were not removed', { directory, error });
  }
}
