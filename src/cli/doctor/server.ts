import { Connection } from '@temporalio/client';
import { diagnoseConnection, diagnoseNamespace, type ConnectionSettings } from '../../client/index.ts';
import { rootMessage } from '../../platform/root-message.ts';
import type { Finding } from './finding.ts';

/** What a check of the server found, and the connection for further checks; close it. */
export interface ServerCheck {
  findings: Finding[];
  connection?: Connection;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** The server that the tests run against; an older one knows no fair sharing of a queue. */
const TESTED_SERVER = [1, 29] as const;
const DAY_SECONDS = 86_400;

/** Is the server there, which one is it, and has it the namespace? */
export async function checkServer(settings: ConnectionSettings): Promise<ServerCheck> {
  const { address, connectionOptions } = settings;
  let connection: Connection;
  try {
    connection = await Connection.connect({ ...connectionOptions, connectTimeout: CONNECT_TIMEOUT_MS });
  } catch (error) {
    const { problem: message, todo } = await diagnoseConnection(settings, error);
    return { findings: [{ check: 'server', status: 'problem', message, todo }] };
  }
  return {
    findings: [await describeServer(connection, address), ...(await checkNamespace(connection, settings))],
    connection,
  };
}

async function describeServer(connection: Connection, address: string): Promise<Finding> {
  try {
    const { serverVersion } = await connection.workflowService.getSystemInfo({});
    return judgeServerVersion(serverVersion ?? '', address);
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

/** @param version e.g. `1.29.1` */
export function judgeServerVersion(version: string, address: string): Finding {
  const check = 'server';
  const message = `Temporal server ${version || 'of an unknown version'} at ${address}`;
  const [major, minor] = (version.match(/\d+/gu) ?? []).map(Number);
  const tested = TESTED_SERVER.join('.');
  if (major === undefined || minor === undefined)
    return { check, status: 'info', message: `${message} (tested: ${tested})` };
  const isOlder = major < TESTED_SERVER[0] || (major === TESTED_SERVER[0] && minor < TESTED_SERVER[1]);
  if (!isOlder) return { check, status: 'ok', message };
  const todo = `upgrade it to ${tested} or newer, and set matching.enableFairness=true`;
  return {
    check,
    status: 'warning',
    message: `${message} is older than ${tested}: runs do not share a queue fairly, and it is not tested`,
    todo,
  };
}

async function checkNamespace(connection: Connection, settings: ConnectionSettings): Promise<Finding[]> {
  const check = 'namespace';
  const { namespace } = settings;
  try {
    const { config } = await connection.workflowService.describeNamespace({ namespace });
    const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0);
    return [{ check, status: 'ok', message: `namespace ${namespace}` }, judgeRetention(seconds, namespace)];
  } catch (error) {
    const { problem: message, todo } = diagnoseNamespace(settings, error);
    return [{ check, status: 'problem', message, todo }];
  }
}

/**
 * A client that comes back to a run that has ended finds its outcome for this long, and `replay WORKFLOW-ID` its history.
 *
 * @param seconds that the namespace keeps closed workflows; 0: not known
 */
export function judgeRetention(seconds: number, namespace: string): Finding {
  const check = 'retention';
  if (seconds === 0) return { check, status: 'info', message: 'how long closed workflows are kept is not said' };
  const days = (seconds / DAY_SECONDS).toFixed(seconds % DAY_SECONDS === 0 ? 0 : 1);
  const message = `closed workflows are kept for ${days} ${days === '1' ? 'day' : 'days'}`;
  if (seconds >= 3 * DAY_SECONDS) return { check, status: 'ok', message };
  const todo = `to look at a failed run after a weekend: temporal operator namespace update --namespace ${namespace} --retention 168h`;
  const kept = 'histories of failed runs are kept in the run folder, too, if a client was there at their end';
  return { check, status: 'info', message: `${message}; ${kept}`, todo };
}
