import { Context } from '@temporalio/activity';
import type { FinishPredictionInput, PredictionOutcome } from '../../contract/prediction.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { finishPredictionOnDisk, removeSplitFiles } from '../../prediction/report.ts';
import { finishTimeline, makeReportPage, removeReportPage } from '../../report/index.ts';
import { isOwner, readOwner, releaseClaim } from '../../run/owner.ts';
import { addReportNote, reporterOf } from '../../run/report.ts';
import { sweepRunFolder } from '../../run/sweep-run-folder.ts';
import { claimantOf } from '../claimant.ts';
import type { ActivityDependencies, ServerIdentity } from '../dependencies.ts';
import { activityLog } from '../log-fields.ts';
import type { ObservedScope } from '../observed-scope.ts';
import { keepFolder } from './keep-folder.ts';

/**
 * Counts what is on disk and writes the report. A prediction that was refused because the folder belongs to another writes
 * nothing there.
 */
export async function finishPrediction(
  input: FinishPredictionInput,
  { signal, observation }: ObservedScope,
  { server }: ActivityDependencies,
): Promise<PredictionOutcome> {
  const { directory } = input.run;
  const { workflowId = '', runId: workflowRunId = '' } = Context.current().info.workflowExecution ?? {};
  const mayWrite = await isOurs(input, workflowRunId, server);
  const { address, namespace } = server;
  const finishing = { mayWrite, signal, server: { address, namespace } };
  const outcome = await finishPredictionOnDisk(input, { workflowId, workflowRunId }, finishing);
  if (!mayWrite) return outcome;
  if (outcome.report !== '') await makePage(input, outcome, workflowRunId, signal);
  if (input.request !== undefined) await tidy(directory, input.request, outcome, signal);
  await releaseClaim(directory, await claimantOf(server));
  const { outcome: ending, inputs, predicted, sequences } = outcome;
  observation.tell({ type: 'prediction-finished', outcome: ending, inputs, predicted, sequences });
  activityLog().info(outcome.message, { directory, outcome: ending });
  return outcome;
}

/** A prediction that was accepted takes the folder once more; one that was not may only go on where an attempt has died. */
async function isOurs({ run, request }: FinishPredictionInput, self: string, server: ServerIdentity): Promise<boolean> {
  const { directory } = run;
  const owner = await readOwner(directory);
  if (owner !== undefined && isOwner(await claimantOf(server), owner)) return true;
  // An earlier attempt has reported and let go of the folder before it died.
  if (owner === undefined && (await reporterOf(directory)) === self) return true;
  if (request === undefined) return false;
  try {
    await keepFolder(directory, server);
    return true;
  } catch (error) {
    if (error instanceof VirnucproError) return false;
    throw error;
  }
}

/** A picture that cannot be made changes nothing about how the prediction ended; the report says why there is none. */
async function makePage(
  { run: { directory }, startedAt }: FinishPredictionInput,
  { outcome, embedding }: PredictionOutcome,
  workflowRunId: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    const finishedAt = new Date().toISOString();
    finishTimeline(directory, { startedAt, finishedAt, workflowRunId, outcome, ...embedding });
  } catch (error) {
    activityLog().warn('the end of the prediction was not added to those of its folder', { directory, error });
  }
  try {
    await makeReportPage(directory, signal);
  } catch (error) {
    signal.throwIfAborted();
    activityLog().warn('report.html was not made', { directory, error });
    await removeReportPage(directory).catch(() => {});
    await addReportNote(directory, `report.html was not made: ${(error as Error).message}`).catch(() => {});
  }
}

/** What stays is in nobody's way, and goes with the next prediction. */
async function tidy(
  directory: string,
  request: string,
  outcome: PredictionOutcome,
  signal: AbortSignal,
): Promise<void> {
  try {
    await removeSplitFiles(directory, request, outcome, signal);
    await sweepRunFolder(directory);
  } catch (error) {
    signal.throwIfAborted();
    activityLog().warn('leftovers were not removed', { directory, error });
  }
}
