import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { describeExecution, type Description } from './describe.ts';

export interface OpenWorkflow {
  workflowId: string;
  description: Description;
}

/**
 * A workflow and its open descendants: the partitions of a run, the runs of a prediction and their partitions. Children that
 * were asked for and that the server has not started yet are listed by their parent, but not known: they are left out.
 *
 * @throws WorkflowNotFoundError if the server does not know the workflow itself
 */
export async function* openTree(client: Client, workflowId: string): AsyncGenerator<OpenWorkflow> {
  const description = await describeExecution(client, { workflowId });
  yield { workflowId, description };
  for (const child of description.pendingChildren ?? []) {
    if (child.workflowId) yield* openDescendants(client, child.workflowId);
  }
}

async function* openDescendants(client: Client, workflowId: string): AsyncGenerator<OpenWorkflow> {
  try {
    yield* openTree(client, workflowId);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
