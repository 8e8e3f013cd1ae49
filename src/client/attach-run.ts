import type { Client } from '@temporalio/client';
import { WORKFLOW_EMBEDDING_RUN } from '../contract/names.ts';
import { findWorkflow, type RunChoice } from './find-workflow.ts';
import type { HistoryOptions } from './history-keeper.ts';
import { RunHandle } from './run-handle.ts';

/**
 * A handle of a run that somebody else has started: another process of ours, a schedule, a parent workflow, or a client in
 * another language. By folder it is the run that has claimed the folder, under whatever workflow id, and otherwise the last one
 * there that the server remembers, which has ended: its outcome can still be had.
 *
 * @throws VirnucproError `RunError.InvalidInput` if the folder is no run folder, the run is on another server, or the server
 *   does not know it (any more)
 */
export async function attachRun(client: Client, choice: RunChoice, options: HistoryOptions = {}): Promise<RunHandle> {
  return new RunHandle(client, await findWorkflow(client, choice, [WORKFLOW_EMBEDDING_RUN]), options);
}
