import { Client, Connection, type ClientOptions } from '@temporalio/client';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import { diagnoseConnection, diagnoseNamespace } from './diagnose-connection.ts';

/** A server that is there answers within this; one that is not would keep the user waiting. */
const CONNECT_TIMEOUT_MS = 5_000;

/** What of a Temporal client may be the user's own. */
export type ClientExtras = Pick<ClientOptions, 'dataConverter' | 'identity' | 'interceptors'>;

/**
 * Connects and makes sure that the namespace is there.
 *
 * @throws VirnucproError `RunError.InvalidInput` saying what is unreachable, refused or missing and what to do
 */
export async function connectClient(settings: ConnectionSettings, extras: ClientExtras = {}): Promise<Client> {
  const { namespace, connectionOptions } = settings;
  let connection: Connection;
  try {
    connection = await Connection.connect({ ...connectionOptions, connectTimeout: CONNECT_TIMEOUT_MS });
  } catch (error) {
    throw unusable(await diagnoseConnection(settings, error), error);
  }
  try {
    await connection.workflowService.describeNamespace({ namespace });
  } catch (error) {
    await connection.close();
    throw unusable(diagnoseNamespace(settings, error), error);
  }
  return new Client({ connection, namespace, ...extras });
}

function unusable({ problem, todo }: { problem: string; todo: string }, cause: unknown): VirnucproError {
  return new VirnucproError(FailureType.RunInvalidInput, `${problem}; ${todo}`, { cause });
}
