import { randomUUID } from 'node:crypto';
import { localConnectionSettings } from '../../client/index.ts';
import type { ConnectionSettings } from '../../client/index.ts';
import { gpuTaskQueue } from '../../contract/names.ts';
import { EMBEDDERS } from '../../embedders/index.ts';
import type { RunManifest } from '../../run/manifest.ts';
import type { Plan } from '../../run/plan.ts';
import { addressOf } from '../../server/index.ts';
import { folderServer } from '../folder-server.ts';
import { settingsOf } from '../server-settings.ts';
import type { Finding } from './finding.ts';
import { checkPollers } from './pollers.ts';
import { boundEmbedders } from './prediction-folder.ts';
import { checkServerClock } from './server-clock.ts';
import { checkServer } from './server.ts';

/** Which server is asked, and about what. */
export interface ServerRequest {
  /** The run folder; need not exist. */
  directory: string;
  address?: string;
  namespace?: string;
  /** Whether the user has named a server. */
  ownServer: boolean;
  manifest: RunManifest | undefined;
  plan: Plan | undefined;
}

/** Server, namespace, clock and queues: of the user's server, or of that which serves the run at this moment. */
export async function examineServer(request: ServerRequest): Promise<Finding[]> {
  const { namespace, ownServer } = request;
  const queues = neededQueues(request);
  if (ownServer) return examineQueues(settingsOf(request), queues);
  const { record } = await folderServer(request.directory).catch(() => ({ record: undefined }));
  if (record !== undefined) {
    return examineQueues(localConnectionSettings(addressOf(record), namespace), queues);
  }
  const message =
    'none is named (TEMPORAL_ADDRESS, profile): embed starts a server and workers of its own for each run';
  return [{ check: 'server', status: 'info', message }];
}

/** Queue by embedder: as the last plan says, which may have queues of its own, or of those that run.json knows. */
function neededQueues({ manifest, plan }: ServerRequest): Record<string, string> {
  const bound = manifest === undefined ? {} : boundEmbedders(manifest);
  const known = Object.keys(bound).map((name) => [name, gpuTaskQueue(name)]);
  const planned = plan?.header.embedders.map(({ description, taskQueue }) => [description.name, taskQueue]) ?? [];
  return Object.fromEntries([...known, ...planned]) as Record<string, string>;
}

async function examineQueues(
  settings: ConnectionSettings,
  queues: Readonly<Record<string, string>>,
): Promise<Finding[]> {
  const { findings, connection } = await checkServer(settings);
  if (connection === undefined) return findings;
  try {
    if (findings.some(({ status }) => status === 'problem')) return findings;
    const clock = await checkServerClock(connection, settings.namespace, `virnucpro-doctor-${randomUUID()}`);
    return [...findings, clock, ...(await checkPollers(connection, settings, EMBEDDERS, queues))];
  } catch (error) {
    const todo = 'check that this user may describe task queues of the namespace';
    const message = `cannot be learned: ${(error as Error).message}`;
    return [...findings, { check: 'pollers', status: 'warning', message, todo }];
  } finally {
    await connection.close();
  }
}
