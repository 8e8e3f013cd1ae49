import { isGrpcServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';

export interface Execution {
  workflowId: string;
  runId?: string;
}

/** As the server gives it: nothing in it is decoded. */
export type Description = Awaited<ReturnType<Client['workflowService']['describeWorkflowExecution']>>;

/** gRPC status NOT_FOUND. */
const NOT_FOUND = 5;

/**
 * What the server knows of an execution; without a run id of the latest one. Unlike `handle.describe()` it decodes no memo, so
 * that it says what it can say to clients with another data converter.
 *
 * @throws WorkflowNotFoundError if the server does not know it, or not any more
 */
export async function describeExecution(client: Client, { workflowId, runId }: Execution): Promise<Description> {
  try {
    return await client.workflowService.describeWorkflowExecution({
      namespace: client.options.namespace,
      execution: runId === undefined ? { workflowId } : { workflowId, runId },
    });
  } catch (error) {
    throw asNotFound(error, { workflowId, ...(runId === undefined ? {} : { runId }) });
  }
}

/** temporal.api.enums.v1.WorkflowExecutionStatus: running, and paused by an operator. */
const OPEN_STATUSES: ReadonlySet<number> = new Set([1, 8]);

export function isOpen({ workflowExecutionInfo }: Description): boolean {
  return OPEN_STATUSES.has(Number(workflowExecutionInfo?.status));
}

/** Temporal's own error where gRPC says NOT_FOUND; any other error as it is. */
export function asNotFound(error: unknown, { workflowId, runId }: Execution): unknown {
  if (!isGrpcServiceError(error) || Number(error.code) !== NOT_FOUND) return error;
  return new WorkflowNotFoundError(error.details || error.message, workflowId, runId);
}
