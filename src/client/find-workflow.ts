import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { FailureType } from '../contract/failure-types.ts';
import { runWorkflowId } from '../contract/names.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { decodePayload, decoding } from '../converter/index.ts';
import { readManifest } from '../run/manifest.ts';
import { readOwner } from '../run/owner.ts';
import { readReport } from '../run/report.ts';
import { describeExecution, type Description } from './describe.ts';
import type { FollowedWorkflow } from './durable-handle.ts';

/** Which run: the one that has a run folder, or the one of a workflow id. */
export type RunChoice = { directory: string } | { workflowId: string };

/** A workflow that was found, and its type. */
export interface FoundWorkflow extends FollowedWorkflow {
  type: string;
}

/**
 * A workflow of ours that somebody else has started. By folder it is the one that has claimed the folder, under whatever
 * workflow id, and otherwise the last one there that the server remembers.
 *
 * @param types workflow types that will do
 * @throws VirnucproError `RunError.InvalidInput` if the folder is no run folder, the workflow is on another server or of
 *   another type, or the server does not know it (any more)
 */
export async function findWorkflow(
  client: Client,
  choice: RunChoice,
  types: readonly string[],
): Promise<FoundWorkflow> {
  const workflowId = 'workflowId' in choice ? choice.workflowId : await runOfFolder(client, choice.directory);
  const run = await describeKnown(client, workflowId);
  if (run === undefined) throw notKnown(client, workflowId);
  const { type, firstRunId } = run.workflowExecutionInfo ?? {};
  const name = type?.name ?? 'unknown';
  if (!types.includes(name)) {
    const message = `workflow ${workflowId} is of type ${name}, not ${types.join(' or ')}`;
    throw new VirnucproError(FailureType.RunInvalidInput, message);
  }
  const directory = 'directory' in choice ? choice.directory : await directoryOf(client, workflowId);
  return { workflowId, firstRunId: firstRunId || undefined, directory, attached: true, type: name };
}

async function runOfFolder(client: Client, directory: string): Promise<string> {
  const manifest = await readManifest(directory);
  if (manifest === undefined) {
    throw new VirnucproError(FailureType.RunInvalidInput, `${directory} is no run folder: it has no run.json`);
  }
  const owner = await readOwner(directory);
  if (owner === undefined) return lastRun(client, runWorkflowId(manifest.runId), directory);
  const { workflowId, server, namespace } = owner;
  if ((await describeKnown(client, workflowId)) !== undefined) return workflowId;
  throw notKnown(client, workflowId, `; it has claimed ${directory} through ${server}, namespace ${namespace}`);
}

/** Of the run under the id of the folder and the one that its report tells of: the one that began later. */
async function lastRun(client: Client, ownId: string, directory: string): Promise<string> {
  const reported = (await readReport(directory).catch(() => undefined))?.workflowId;
  if (reported === undefined || reported === ownId) return ownId;
  const [own, other] = await Promise.all([ownId, reported].map((id) => describeKnown(client, id)));
  return other !== undefined && (own === undefined || startOf(own) < startOf(other)) ? reported : ownId;
}

function startOf({ workflowExecutionInfo }: Description): number {
  return Number(workflowExecutionInfo?.startTime?.seconds ?? 0);
}

/** @returns undefined if the server does not know it */
async function describeKnown(client: Client, workflowId: string): Promise<Description | undefined> {
  try {
    return await describeExecution(client, { workflowId });
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

function notKnown(client: Client, workflowId: string, more = ''): VirnucproError {
  const where = `in namespace ${client.options.namespace} of this server`;
  return new VirnucproError(FailureType.RunInvalidInput, `workflow ${workflowId} is not known ${where}${more}`);
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
