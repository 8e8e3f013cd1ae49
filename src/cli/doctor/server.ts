import { Connection } from '@temporalio/client';
import type { ConnectionSettings } from '../../client/index.ts';
import type { Finding } from './finding.ts';

/** What a check of the server found, and the connection for further checks; close it. */
export interface ServerCheck {
  findings: Finding[];
  connection?: Connection;
}

const CONNECT_TIMEOUT_MS = 5_000;
const GRPC_NOT_FOUND = 5;

/** Is the server there, which one is it, and has it the namespace? */
export async function checkServer({ address, namespace, connectionOptions }: ConnectionSettings): Promise<ServerCheck> {
  let connection: Connection;
  try {
    connection = await Connection.connect({ ...connectionOptions, connectTimeout: CONNECT_TIMEOUT_MS });
  } catch (error) {
    const message = `no Temporal server answers at ${address}: ${rootMessage(error)}`;
    const todo = 'start it, correct TEMPORAL_ADDRESS (or --address), or unset it: embed then runs a server of its own';
    return { findings: [{ check: 'server', status: 'problem', message, todo }] };
  }
  return {
    findings: [await describeServer(connection, address), await checkNamespace(connection, namespace)],
    connection,
  };
}

async function describeServer(connection: Connection, address: string): Promise<Finding> {
  try {
    const { serverVersion } = await connection.workflowService.getSystemInfo({});
    return { check: 'server', status: 'ok', message: `Temporal server ${serverVersion ?? ''} at ${address}` };
  } catch (error) {
    const message = `the server at ${address} does not say what it is: ${rootMessage(error)}`;
    return {
      check: 'server',
      status: 'warning',
      message,
      todo: 'check that the address is that of a Temporal frontend',
    };
  }
}

async function checkNamespace(connection: Connection, namespace: string): Promise<Finding> {
  const check = 'namespace';
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return { check, status: 'ok', message: `namespace ${namespace}` };
  } catch (error) {
    const missing = (error as { code?: number }).code === GRPC_NOT_FOUND;
    const message = `namespace ${namespace} ${missing ? 'does not exist' : `cannot be used: ${rootMessage(error)}`}`;
    const todo = `temporal operator namespace create ${namespace}, or set TEMPORAL_NAMESPACE (or --namespace)`;
    return { check, status: 'problem', message, todo };
  }
}

function rootMessage(error: unknown): string {
  let at = error;
  while (at instanceof Error && at.cause instanceof Error) at = at.cause;
  return at instanceof Error ? at.message : String(at);
}
