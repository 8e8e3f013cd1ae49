import type { Client } from '@temporalio/client';
import { WORKFLOW_EMBEDDING_RUN } from '../contract/names.ts';
import { prepareRun, type PreparedRun, type RunOptions } from './prepare-run.ts';
import { RunHandle } from './run-handle.ts';
import { startOrAttach, type StartOptions } from './start-workflow.ts';

/**
 * Starts a run in `options.directory`, or attaches to the one that is running there with the same request. What is on
 * disk is never embedded again: starting a run that has ended is how it is resumed.
 *
 * @throws VirnucproError `RunError.InvalidInput`; `CheckpointError.Incompatible` naming each difference if a run with
 *   another request is open
 */
export async function startRun(client: Client, options: RunOptions, start: StartOptions = {}): Promise<RunHandle> {
  return startPrepared(client, await prepareRun(options), start);
}

/** {@link startRun} for a run that is prepared already. */
export async function startPrepared(client: Client, run: PreparedRun, start: StartOptions = {}): Promise<RunHandle> {
  return new RunHandle(client, await startOrAttach(client, WORKFLOW_EMBEDDING_RUN, run, start), start);
}
