import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';

export type ConnectionOptions = NonNullable<ReturnType<typeof loadClientConnectConfig>['connectionOptions']>;

/** How to reach Temporal. */
export interface ConnectionSettings {
  address: string;
  namespace: string;
  /** For Connection and NativeConnection alike: TLS, API key, metadata. */
  connectionOptions: ConnectionOptions;
}

const DEFAULT_ADDRESS = 'localhost:7233';
const DEFAULT_NAMESPACE = 'default';

/** A server that is there answers within this; one that is not would keep the user waiting. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Settings from `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_PROFILE`, TLS and API key variables and the config
 * file, where the explicit ones are absent.
 */
export function connectionSettings(explicit: { address?: string; namespace?: string } = {}): ConnectionSettings {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const address = explicit.address ?? connectionOptions?.address ?? DEFAULT_ADDRESS;
  return {
    address,
    namespace: explicit.namespace ?? namespace ?? DEFAULT_NAMESPACE,
    connectionOptions: { ...connectionOptions, address },
  };
}

/**
 * Connects and makes sure that the namespace is there.
 *
 * @throws VirnucproError `RunError.InvalidInput` saying what is unreachable or missing and what to do
 */
export async function connectClient(settings: ConnectionSettings): Promise<Client> {
  const { address, namespace, connectionOptions } = settings;
  let connection: Connection;
  try {
    connection = await Connection.connect({ ...connectionOptions, connectTimeout: CONNECT_TIMEOUT_MS });
  } catch (error) {
    throw new VirnucproError(
      FailureType.RunInvalidInput,
      `no Temporal server answers at ${address}: ${rootMessage(error)}; start one (temporal server start-dev), correct TEMPORAL_ADDRESS, or unset it to use a local server of this command's own`,
      { cause: error },
    );
  }
  await requireNamespace(connection, namespace, address);
  return new Client({ connection, namespace });
}

const GRPC_NOT_FOUND = 5;

async function requireNamespace(connection: Connection, namespace: string, address: string): Promise<void> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
  } catch (error) {
    await connection.close();
    const missing = (error as { code?: number }).code === GRPC_NOT_FOUND;
    const found = missing ? 'does not exist' : `cannot be used: ${rootMessage(error)}`;
    throw new VirnucproError(
      FailureType.RunInvalidInput,
      `namespace ${namespace} on ${address} ${found}; create it (temporal operator namespace create ${namespace}) or set TEMPORAL_NAMESPACE`,
      { cause: error },
    );
  }
}

function rootMessage(error: unknown): string {
  let at = error;
  while (at instanceof Error && at.cause instanceof Error) at = at.cause;
  return at instanceof Error ? at.message : String(at);
}
