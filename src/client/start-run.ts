import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import { FailureType } from '../contract/failure-types.ts';
import { IO_TASK_QUEUE, WORKFLOW_EMBEDDING_RUN } from '../contract/names.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { decodePayload, decoding } from '../converter/index.ts';
import { describeExecution, type Description } from './describe.ts';
import { keepEarlierHistories, type HistoryOptions } from './history-keeper.ts';
import { prepareRun, type PreparedRun, type RequestDigest, type RunOptions } from './prepare-run.ts';
import { RunHandle } from './run-handle.ts';

const MEMO_REQUEST = 'virnucproRequest';

export interface StartOptions extends HistoryOptions {
  /** @default `virnucpro` */
  taskQueue?: string;
}

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
  const { workflowId, input, digest } = run;
  if (start.saveHistories !== false) await keepEarlierHistories(client, workflowId, input.directory, start);
  try {
    const handle = await client.workflow.start(WORKFLOW_EMBEDDING_RUN, {
      workflowId,
      taskQueue: start.taskQueue ?? IO_TASK_QUEUE,
      args: [input],
      memo: { [MEMO_REQUEST]: digest },
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    });
    return new RunHandle(client, workflowId, handle.firstExecutionRunId, input.directory, false, start);
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  const { workflowExecutionInfo } = await describeExecution(client, { workflowId });
  requireSameRequest(workflowId, await requestOf(client, workflowId, workflowExecutionInfo?.memo), digest);
  return new RunHandle(
    client,
    workflowId,
    workflowExecutionInfo?.firstRunId || undefined,
    input.directory,
    true,
    start,
  );
}

type Memo = NonNullable<Description['workflowExecutionInfo']>['memo'];

function requestOf(client: Client, workflowId: string, memo: Memo): Promise<RequestDigest | undefined> {
  const payload = memo?.fields?.[MEMO_REQUEST];
  if (!payload) return Promise.resolve(undefined);
  return decoding(`the request of workflow ${workflowId}, which is running in this folder,`, () =>
    decodePayload<RequestDigest>(client.options.loadedDataConverter, payload),
  );
}

function requireSameRequest(workflowId: string, running: RequestDigest | undefined, asked: RequestDigest): void {
  const differences = Object.keys(asked)
    .filter((key) => running?.[key] !== asked[key])
    .map((key) => `\n  ${key}: ${running?.[key] ?? 'unknown'} there, ${asked[key]} here`);
  if (differences.length === 0) return;
  throw new VirnucproError(
    FailureType.CheckpointIncompatible,
    `incompatible: workflow ${workflowId} is running in this folder with other settings; wait for it or cancel it first:${differences.join('')}`,
  );
}
