import { Context } from '@temporalio/activity';
import type { PlanRunInput } from '../contract/activities.ts';
import { FailureType } from '../contract/failure-types.ts';
import type { PlanSummary } from '../contract/run-request.ts';
import { loadRequest } from '../run/checked-request.ts';
import { clearTheWay } from '../run/clear-the-way.ts';
import { requireDiskSpace } from '../run/disk-space.ts';
import { requireManifest } from '../run/manifest.ts';
import { storePlan, summarizePlan } from '../run/plan.ts';
import { draftPlan } from '../run/planner.ts';
import { recordBadCheckpoints } from '../run/record-bad-checkpoints.ts';
import { activityLog } from './log-fields.ts';
import type { ObservedScope } from './observed-scope.ts';

/** Cuts tasks, judges every checkpoint that is there, clears the way for those to be made and writes the plan. */
export async function planRun({ run, requestDigest }: PlanRunInput, scope: ObservedScope): Promise<PlanSummary> {
  const { directory, runId } = run;
  await requireManifest(directory, runId, FailureType.RunInvalidInput);
  const request = await loadRequest(directory, requestDigest);
  const { signal, observation } = scope;
  const draft = await draftPlan(directory, runId, request, signal, (validated) =>
    observation.tell({ type: 'checkpoint-validated', ...validated }),
  );
  const summary = summarizePlan(await storePlan(directory, draft.plan), draft.plan);
  await recordBadCheckpoints(directory, draft.plan, new Date(Context.current().info.scheduledTimestampMs));
  if (summary.bad === 0) {
    await requireDiskSpace(directory, draft.plan);
    await clearTheWay(directory, draft);
  }
  const { total, found, pending, skipped, bad } = summary;
  observation.tell({ type: 'run-planned', total, found, pending, skipped, bad });
  activityLog().info(summary.message, { directory, plan: summary.plan });
  return summary;
}
