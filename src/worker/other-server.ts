import { NativeConnection } from '@temporalio/worker';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server on this host or nearby answers at once; a dead one must not keep a run from starting. */
const ANSWER_TIMEOUT_MS = 5000;
/** temporal.api.enums.v1.WorkflowExecutionStatus */
const OPEN_STATUSES: ReadonlySet<number> = new Set([1, 8]);
const GRPC_NOT_FOUND = 5;

/** A run on some server, as the claim on its folder names it. */
export interface RunElsewhere {
  server: string;
  namespace: string;
  namespaceId?: string | undefined;
  workflowId: string;
  host: string;
  /** Set for a local server that a command has started; others may need credentials that nobody has here. */
  serverPid?: number | undefined;
}

/**
 * Asks the local server of another command whether a run is open there.
 *
 * @returns undefined if that cannot be told: the server does not answer, is none of those, or another one is at its address
 */
export async function isOpenElsewhere(run: RunElsewhere): Promise<boolean | undefined> {
  if (run.serverPid === undefined || run.host !== hostname()) return undefined;
  const asked = ask(run).catch(() => undefined);
  return Promise.race([asked, sleep(ANSWER_TIMEOUT_MS, undefined, { ref: false })]);
}

async function ask({ server, namespace, namespaceId, workflowId }: RunElsewhere): Promise<boolean | undefined> {
  const connection = await NativeConnection.connect({ address: server });
  try {
    const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace });
    if (namespaceId !== undefined && namespaceInfo?.id !== namespaceId) return undefined;
    const { workflowExecutionInfo } = await connection.workflowService.describeWorkflowExecution({
      namespace,
      execution: { workflowId },
    });
    return OPEN_STATUSES.has(Number(workflowExecutionInfo?.status));
  } catch (error) {
    if ((error as { code?: number }).code === GRPC_NOT_FOUND) return false;
    throw error;
  } finally {
    await connection.close();
  }
}
