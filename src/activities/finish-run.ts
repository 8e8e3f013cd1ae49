import { Context } from '@temporalio/activity';
import type { FinishRunInput } from '../contract/activities.ts';
import type { RunOutcome } from '../contract/outcome.ts';
import { sweepTemps } from '../run/clear-the-way.ts';
import { finishRun as finish } from '../run/finish.ts';
import { isOwner, readOwner, releaseClaim } from '../run/owner.ts';
import { loadPlan } from '../run/plan.ts';
import { sweepSpools } from '../run/sweep-spools.ts';
import type { ActivityScope } from './activity-scope.ts';
import { claimantOf } from './claimant.ts';
import type { ActivityDependencies } from './dependencies.ts';

/**
 * Counts what is on disk and writes the report. A run that was refused because the folder belongs to another writes
 * nothing there.
 */
export async function finishRun(
  input: FinishRunInput,
  scope: ActivityScope,
  { server }: ActivityDependencies,
): Promise<RunOutcome> {
  const { directory } = input.run;
  const { workflowId = '', runId: workflowRunId = '' } = Context.current().info.workflowExecution ?? {};
  const claimant = await claimantOf(server);
  const owner = await readOwner(directory);
  const mayWrite = owner !== undefined && isOwner(claimant, owner);
  const outcome = await finish(input, { workflowId, workflowRunId }, mayWrite, scope.signal);
  if (!mayWrite) return outcome;
  if (input.plan !== undefined) {
    const plan = await loadPlan(directory, input.plan.plan);
    await sweepTemps(directory, plan.tasks);
    await sweepSpools(directory, plan, scope.signal);
  }
  await releaseClaim(directory, claimant);
  Context.current().log.info(outcome.message, { directory, outcome: outcome.outcome });
  return outcome;
}
