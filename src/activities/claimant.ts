import { Context } from '@temporalio/activity';
import type { Claimant, OpenProbe } from '../run/owner.ts';
import type { ServerIdentity } from './dependencies.ts';

/** The workflow execution that this activity works for, as owner.json names it. */
export function claimantOf(server: ServerIdentity): Claimant {
  const { workflowExecution } = Context.current().info;
  return {
    workflowId: workflowExecution?.workflowId ?? '',
    workflowRunId: workflowExecution?.runId ?? '',
    server: server.address,
    namespace: server.namespace,
    ...(server.pid === undefined ? {} : { serverPid: server.pid }),
  };
}

/** Asks this worker's own server; of executions on another one it can tell nothing. */
export function openProbe(server: ServerIdentity): OpenProbe {
  return async (owner) => {
    if (owner.server !== server.address || owner.namespace !== server.namespace) return undefined;
    try {
      const description = await Context.current().client.workflow.getHandle(owner.workflowId).describe();
      return description.status.name === 'RUNNING' || description.status.name === 'PAUSED';
    } catch (error) {
      return (error as Error).name === 'WorkflowNotFoundError' ? false : undefined;
    }
  };
}
