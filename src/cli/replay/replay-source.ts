import * as path from 'node:path';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import {
  connectClient,
  failedExecutions,
  fetchHistory,
  fetchRunHistories,
  historyFileName,
  readHistoryFile,
  type WorkflowHistory,
} from '../../client/index.ts';
import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { settingsOf, type ServerChoice } from '../server-settings.ts';
import { serverOfFolder, serverOfRun } from './server-of-run.ts';
import type { ReplayTarget } from './targets.ts';

/** Told what a user should know about where histories come from. */
export type Say = (line: string) => void;

/** The histories of one argument, those of all partitions that the server knows included. */
export async function* historiesOf(
  target: ReplayTarget,
  flags: ServerChoice,
  say: Say,
): AsyncGenerator<WorkflowHistory> {
  if (target.kind === 'file') yield await readHistoryFile(target.path);
  else if (target.kind === 'workflow') {
    yield* historiesOfWorkflow(target.workflowId, serverOfRun(target.workflowId, flags) ?? flags);
  } else yield* historiesOfFolder(target, flags, say);
}

function historiesOfWorkflow(workflowId: string, server: ServerChoice): AsyncGenerator<WorkflowHistory> {
  return withClient(server, (client) => fetchRunHistories(client, workflowId, 'all'));
}

/** The server knows more, and what has happened since; it forgets, and then the stored ones are what is left. */
async function* historiesOfFolder(
  { directory, workflowId, stored }: Extract<ReplayTarget, { kind: 'folder' }>,
  flags: ServerChoice,
  say: Say,
): AsyncGenerator<WorkflowHistory> {
  const server = workflowId === undefined ? undefined : await serverOfFolder(directory, flags);
  if (server === undefined && stored.length === 0) throw nothingToReplay(directory);
  const fetched = new Set<string>();
  try {
    if (server !== undefined && workflowId !== undefined) {
      for await (const history of historiesOfWorkflow(workflowId, server)) {
        fetched.add(historyFileName(history));
        yield history;
      }
    }
  } catch (error) {
    if (stored.length === 0) throw error;
    say(`${(error as Error).message}; replaying what is stored in ${directory}`);
  }
  for (const file of stored) {
    if (!fetched.has(path.basename(file))) yield await readHistoryFile(file);
  }
}

function nothingToReplay(directory: string): VirnucproError {
  return new VirnucproError(
    FailureType.RunInvalidInput,
    `nothing to replay for ${directory}: no history is stored there (one is when a run does not end in success), the run's own server is not running and no TEMPORAL_ADDRESS is set`,
  );
}

/** Everything of ours that is in trouble on a server. */
export function troubledHistories(server: ServerChoice): AsyncGenerator<WorkflowHistory> {
  return withClient(server, async function* (client) {
    for await (const execution of failedExecutions(client)) yield await fetchHistory(client, execution);
  });
}

async function* withClient(
  server: ServerChoice,
  histories: (client: Client) => AsyncIterable<WorkflowHistory>,
): AsyncGenerator<WorkflowHistory> {
  const settings = settingsOf(server);
  const client = await connectClient(settings);
  try {
    yield* histories(client);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new Error(`${error.workflowId} is not known at ${settings.address}, namespace ${settings.namespace}`, {
      cause: error,
    });
  } finally {
    await client.connection.close();
  }
}
