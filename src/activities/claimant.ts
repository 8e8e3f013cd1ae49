import { Context } from '@temporalio/activity';
import { isSameServer, type Claimant, type OpenProbe } from '../run/owner.ts';
import type { ServerIdentity } from './dependencies.ts';

const namespaceIds = new WeakMap<ServerIdentity, string>();

/** The workflow execution that this activity works for, as owner.json names it. */
export async function claimantOf(server: ServerIdentity): Promise<Claimant> {
  const { workflowExecution } = Context.current().info;
  const namespaceId = await namespaceIdOf(server);
  return {
    workflowId: workflowExecution?.workflowId ?? '',
    workflowRunId: workflowExecution?.runId ?? '',
    server: server.address,
    namespace: server.namespace,
    ...(namespaceId === undefined ? {} : { namespaceId }),
    ...(server.pid === undefined ? {} : { serverPid: server.pid }),
    ...(server.startTime === undefined ? {} : { serverStartTime: server.startTime }),
  };
}

/** Asked once per server; undefined where this worker may not know. */
async function namespaceIdOf(server: ServerIdentity): Promise<string | undefined> {
  const known = namespaceIds.get(server);
  if (known !== undefined) return known;
  const { namespace } = server;
  const asked = Context.current().client.workflowService.describeNamespace({ namespace });
  const id = (await asked.catch(() => undefined))?.namespaceInfo?.id;
  if (id) namespaceIds.set(server, id);
  return id ?? undefined;
}

/** Asks this worker's own server, or the local server of another command. */
export function openProbe(server: ServerIdentity, claimant: Claimant): OpenProbe {
  return async (owner) => {
    if (!isSameServer(claimant, owner)) return server.askOther?.(owner);
    try {
      const description = await Context.current().client.workflow.getHandle(owner.workflowId).describe();
      return description.status.name === 'RUNNING' || description.status.name === 'PAUSED';
    } catch (error) {
      return (error as Error).name === 'WorkflowNotFoundError' ? false : undefined;
    }
  };
}
