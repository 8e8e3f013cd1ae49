import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import { FailureType } from '../contract/failure-types.ts';
import { IO_TASK_QUEUE } from '../contract/names.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { decodePayload, decoding } from '../converter/index.ts';
import { describeExecution, type Description } from './describe.ts';
import type { FollowedWorkflow } from './durable-handle.ts';
import { keepEarlierHistories, type HistoryOptions } from './history-keeper.ts';

const MEMO_REQUEST = 'virnucproRequest';

export interface StartOptions extends HistoryOptions {
  /** @default `virnucpro` */
  taskQueue?: string;
}

/** What two starts are compared by, for the memo: small, and readable where they differ. */
export type RequestDigest = Readonly<Record<string, string>>;

/** A workflow that can be started. */
export interface PreparedWorkflow {
  workflowId: string;
  input: { directory: string };
  digest: RequestDigest;
}

/**
 * Starts a workflow, or attaches to the open one of the same id that was started with the same request.
 *
 * @throws VirnucproError `CheckpointError.Incompatible` naming each difference if the open one has another request
 */
export async function startOrAttach(
  client: Client,
  type: string,
  { workflowId, input, digest }: PreparedWorkflow,
  start: StartOptions,
): Promise<FollowedWorkflow> {
  const { directory } = input;
  if (start.saveHistories !== false) await keepEarlierHistories(client, workflowId, directory, start);
  try {
    const handle = await client.workflow.start(type, {
      workflowId,
      taskQueue: start.taskQueue ?? IO_TASK_QUEUE,
      args: [input],
      memo: { [MEMO_REQUEST]: digest },
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    });
    return { workflowId, firstRunId: handle.firstExecutionRunId, directory, attached: false };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  const { workflowExecutionInfo } = await describeExecution(client, { workflowId });
  requireSameType(workflowId, workflowExecutionInfo?.type?.name, type);
  requireSameRequest(workflowId, await requestOf(client, workflowId, workflowExecutionInfo?.memo), digest);
  return { workflowId, firstRunId: workflowExecutionInfo?.firstRunId || undefined, directory, attached: true };
}

type Memo = NonNullable<Description['workflowExecutionInfo']>['memo'];

function requestOf(client: Client, workflowId: string, memo: Memo): Promise<RequestDigest | undefined> {
  const payload = memo?.fields?.[MEMO_REQUEST];
  if (!payload) return Promise.resolve(undefined);
  return decoding(`the request of workflow ${workflowId}, which is running in this folder,`, () =>
    decodePayload<RequestDigest>(client.options.loadedDataConverter, payload),
  );
}

function requireSameType(workflowId: string, running: string | null | undefined, asked: string): void {
  if (running === asked) return;
  throw incompatible(workflowId, `as ${running ?? 'another workflow'}, not ${asked}`);
}

function requireSameRequest(workflowId: string, running: RequestDigest | undefined, asked: RequestDigest): void {
  const differences = Object.keys(asked)
    .filter((key) => running?.[key] !== asked[key])
    .map((key) => `\n  ${key}: ${running?.[key] ?? 'unknown'} there, ${asked[key]} here`);
  if (differences.length > 0) throw incompatible(workflowId, 'with other settings', `:${differences.join('')}`);
}

function incompatible(workflowId: string, how: string, more = ''): VirnucproError {
  return new VirnucproError(
    FailureType.CheckpointIncompatible,
    `incompatible: workflow ${workflowId} is running in this folder ${how}; wait for it or cancel it first${more}`,
  );
}
