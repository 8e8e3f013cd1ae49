import { Context } from '@temporalio/activity';
import { WORKFLOW_PREDICT_VIRUS } from '../../contract/names.ts';
import { claimDirectory } from '../../run/owner.ts';
import { claimantOf, openProbe } from '../claimant.ts';
import type { ServerIdentity } from '../dependencies.ts';

/**
 * Claims the folder of a prediction, again at every stage: while its sides are embedded, which may take days, no activity
 * renews the claim, so a run on another server may have had the folder meanwhile. A workflow of the user's own may spread a
 * prediction over several of theirs, so those claim nothing.
 *
 * @throws VirnucproError `RunError.InvalidInput` naming the run that has the folder
 */
export async function keepFolder(directory: string, server: ServerIdentity): Promise<void> {
  if (Context.current().info.workflowType !== WORKFLOW_PREDICT_VIRUS) return;
  const claimant = await claimantOf(server);
  await claimDirectory(directory, { ...claimant, heldWhileOpen: true }, openProbe(server, claimant));
}
