import { runWorkflowId } from '../../contract/names.ts';
import { addressOf, configuredServer, isServerAlive, readServerRecord } from '../../server/index.ts';
import { folderServer } from '../folder-server.ts';
import type { ServerChoice } from '../server-settings.ts';

const RUN_WORKFLOW = /^virnucpro-([0-9a-f]{12})(?:-|$)/u;

/**
 * The server that knows a workflow: the one that was asked for, the user's own, or the local server of the run that the id
 * names.
 *
 * @returns undefined if none was asked for, none is configured, and the run's own server is not running here
 */
export function serverOfRun(
  workflowId: string,
  explicit: ServerChoice,
  env: NodeJS.ProcessEnv = process.env,
): ServerChoice | undefined {
  if (explicit.address !== undefined || configuredServer(env) !== undefined) return explicit;
  const runId12 = RUN_WORKFLOW.exec(workflowId)?.[1];
  const record = runId12 === undefined ? undefined : readServerRecord(runId12);
  return record && isServerAlive(record) ? { ...explicit, address: addressOf(record), local: true } : undefined;
}

/**
 * The server that knows the last workflow of a run folder; of a side of a prediction it is that of the prediction.
 *
 * @returns undefined as {@link serverOfRun} does
 */
export async function serverOfFolder(directory: string, explicit: ServerChoice): Promise<ServerChoice | undefined> {
  const { host } = await folderServer(directory);
  return host === undefined ? undefined : serverOfRun(runWorkflowId(host.runId), explicit);
}
