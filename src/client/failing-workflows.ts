import type { Client } from '@temporalio/client';
import { decodeFailureMessage } from '../converter/index.ts';
import { openTree } from './open-tree.ts';

/** A workflow of a run that its workers have in hand, and fail to go on with. */
export interface FailingWorkflow {
  workflowId: string;
  /** How often they have tried. */
  attempt: number;
  /** What the first attempt failed with. */
  reason: string;
}

/** The failure is among the last events: further attempts are not recorded. */
const LAST_EVENTS = 3;

/**
 * Finds the run and those of its child workflows that no worker can go on with: it lacks the data converter, or its code
 * decides otherwise than recorded. Such a run waits for a better worker, and answers no query meanwhile.
 */
export async function findFailing(client: Client, workflowId: string): Promise<FailingWorkflow[]> {
  const found: FailingWorkflow[] = [];
  for await (const open of openTree(client, workflowId)) {
    const attempt = open.description.pendingWorkflowTask?.attempt ?? 0;
    const one = await failingWorkflow(client, open.workflowId, attempt);
    if (one !== undefined) found.push(one);
  }
  return found;
}

async function failingWorkflow(
  client: Client,
  workflowId: string,
  attempt: number,
): Promise<FailingWorkflow | undefined> {
  if (attempt < 2) return undefined;
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId },
    maximumPageSize: LAST_EVENTS,
  });
  const failed = history?.events?.find((event) => event.workflowTaskFailedEventAttributes);
  const failure = failed?.workflowTaskFailedEventAttributes?.failure;
  if (!failure) return undefined;
  // A worker without the data converter has encoded this with its own.
  const decoded = decodeFailureMessage(client.options.loadedDataConverter, failure).catch(() => failure.message);
  return { workflowId, attempt, reason: (await decoded) ?? 'no reason given' };
}
