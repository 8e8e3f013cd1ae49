import type { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { closeCheckpointThreads } from '../../src/checkpoint/index.ts';
import { connectClient, connectionSettings } from '../../src/client/index.ts';
import { createWorkers } from '../../src/worker/index.ts';
import { startDevServer, type DevServer, type DevServerOptions } from './dev-server.ts';

/** A server for one test file, and connections to it from this process. */
export interface Temporal {
  readonly server: DevServer;
  readonly connection: NativeConnection;
  readonly client: Client;
  stop(): Promise<void>;
}

/** Starts a server and connects to it; the SDK of this process prints errors only. */
export async function startTemporal(options: DevServerOptions = {}): Promise<Temporal> {
  quietSdk();
  const server = await startDevServer(options);
  const { address } = server;
  const connection = await NativeConnection.connect({ address });
  const client = await connectClient(connectionSettings({ address, namespace: 'default' }));
  const stop = async (): Promise<void> => {
    await closeCheckpointThreads();
    await client.connection.close();
    await connection.close();
    await server.stop();
  };
  return { server, connection, client, stop };
}

/** The same with a worker for workflows and files in this process. */
export async function startTemporalWithIoWorker(): Promise<Temporal> {
  const temporal = await startTemporal();
  const { server, connection } = temporal;
  const io = await createWorkers({ connection, namespace: 'default', address: server.address, role: 'io' });
  const serving = io.run();
  const stop = async (): Promise<void> => {
    io.shutdown();
    await serving;
    await temporal.stop();
  };
  return { ...temporal, stop };
}

let isQuiet = false;

/** A process has one runtime, which is installed once. */
function quietSdk(): void {
  if (isQuiet) return;
  isQuiet = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: 'ERROR', forward: {} } },
  });
}
