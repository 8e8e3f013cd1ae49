import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { FailureType } from '../contract/failure-types.ts';
import { runWorkflowId, WORKFLOW_EMBEDDING_RUN } from '../contract/names.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { decodePayload, decoding } from '../converter/index.ts';
import { readManifest } from '../run/manifest.ts';
import { readOwner } from '../run/owner.ts';
import { describeExecution, type Description } from './describe.ts';
import type { HistoryOptions } from './history-keeper.ts';
import { RunHandle } from './run-handle.ts';

/** Which run: the one that has a run folder, or the one of a workflow id. */
export type RunChoice = { directory: string } | { workflowId: string };

/**
 * A handle of a run that somebody else has started: another process of ours, a schedule, a parent workflow, or a client in
 * another language. By folder it is the run that has claimed the folder, under whatever workflow id, and otherwise the last one
 * that our own clients started for it, which may have ended: then its outcome can still be had, as long as the server
 * remembers it.
 *
 * @throws VirnucproError `RunError.InvalidInput` if the folder is no run folder, the run is on another server, or the server
 *   does not know it
 */
export async function attachRun(client: Client, choice: RunChoice, options: HistoryOptions = {}): Promise<RunHandle> {
  const { workflowId, elsewhere } =
    'workflowId' in choice ? { workflowId: choice.workflowId, elsewhere: '' } : await runOfFolder(choice.directory);
  const { workflowExecutionInfo } = await describeRun(client, workflowId, elsewhere);
  const directory = 'directory' in choice ? choice.directory : await directoryOf(client, workflowId);
  const firstRunId = workflowExecutionInfo?.firstRunId || undefined;
  return new RunHandle(client, workflowId, firstRunId, directory, true, options);
}

/** @returns with where else its run may be, for the message */
async function runOfFolder(directory: string): Promise<{ workflowId: string; elsewhere: string }> {
  const manifest = await readManifest(directory);
  if (manifest === undefined) {
    throw new VirnucproError(FailureType.RunInvalidInput, `${directory} is no run folder: it has no run.json`);
  }
  const owner = await readOwner(directory);
  if (owner === undefined) return { workflowId: runWorkflowId(manifest.runId), elsewhere: '' };
  const { workflowId, server, namespace } = owner;
  return { workflowId, elsewhere: `; the folder was claimed through ${server}, namespace ${namespace}` };
}

async function describeRun(client: Client, workflowId: string, elsewhere: string): Promise<Description> {
  let description: Description;
  try {
    description = await describeExecution(client, { workflowId });
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    throw new VirnucproError(
      FailureType.RunInvalidInput,
      `workflow ${workflowId} is not known in namespace ${client.options.namespace} of this server${elsewhere}`,
      { cause: error },
    );
  }
  const type = description.workflowExecutionInfo?.type?.name;
  if (type === WORKFLOW_EMBEDDING_RUN) return description;
  throw new VirnucproError(
    FailureType.RunInvalidInput,
    `workflow ${workflowId} is a ${type ?? 'workflow without a type'}, not an ${WORKFLOW_EMBEDDING_RUN}`,
  );
}

/** The run folder stands in the input; '' where the server has forgotten it or it names none. */
async function directoryOf(client: Client, workflowId: string): Promise<string> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId },
    maximumPageSize: 1,
  });
  const payload = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
  if (!payload) return '';
  const input = await decoding(`the input of workflow ${workflowId}`, () =>
    decodePayload<{ directory?: unknown } | null>(client.options.loadedDataConverter, payload),
  );
  return typeof input?.directory === 'string' ? input.directory : '';
}
