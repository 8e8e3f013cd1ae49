import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { processStartTime } from '../platform/process-identity.mjs';
import { freePorts } from './free-ports.ts';
import { addressOf, isServerAlive } from './server-record.ts';
import type { ServerRecord } from './server-record.ts';

/** Only this host can reach the server: it has no access control. */
const LOOPBACK = '127.0.0.1';

/** The namespace that the development server always makes. */
export const NAMESPACE = 'default';

/** A database of a long run, on a slow disk, with other work on the machine. */
const READY_TIMEOUT_MS = 120_000;
const READY_POLL_MS = 50;
const CONNECT_TIMEOUT_MS = 2_000;
const EXIT_TIMEOUT_MS = 10_000;
const LOG_TAIL_CHARS = 1000;

/**
 * The write-ahead log halves the cost of an activity against the CLI's default journal; `synchronous=normal` keeps every
 * committed transaction through the death of the process. The exclusive lock keeps a second server off the same file.
 */
const SQLITE_PRAGMAS = ['journal_mode=wal', 'synchronous=normal', 'locking_mode=exclusive'];

/** Where a server listens on the loopback address. */
export interface ServerPorts {
  readonly port: number;
  readonly uiPort: number;
}

/** Thrown by {@link waitUntilReady} when the process ends instead. */
export class ServerExited extends Error {
  override readonly name = 'ServerExited';
  /** the last lines that the server printed */
  readonly output: string;

  constructor(folder: string) {
    const output = logTail(folder);
    super(`the Temporal server ended while starting: ${output || 'it printed nothing'} (log: ${logPath(folder)})`);
    this.output = output;
  }
}

export function databasePath(folder: string): string {
  return join(folder, 'temporal.db');
}

export function logPath(folder: string): string {
  return join(folder, 'server.log');
}

/**
 * Starts a server in a session of its own, so that neither Ctrl-C at the terminal nor the end of this process reaches it.
 *
 * @returns the record to be written at once: from here on the process lives without us
 */
export async function spawnServer(binary: string, folder: string, ports?: ServerPorts): Promise<ServerRecord> {
  const { port, uiPort } = ports ?? (await anyPorts());
  const log = openSync(logPath(folder), 'w', 0o600);
  try {
    const ownNamespace = `virnucpro-${basename(folder)}`;
    const child = spawn(binary, [...serverArguments(folder, port, uiPort), '--namespace', ownNamespace], {
      cwd: folder,
      detached: true,
      env: withoutTemporalVariables(process.env),
      stdio: ['ignore', log, log],
    });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    child.unref();
    const pid = child.pid as number;
    const startTime = processStartTime(pid);
    if (startTime === undefined) throw new ServerExited(folder);
    const startedAt = new Date().toISOString();
    const listens = { ip: LOOPBACK, port, uiPort, ownNamespace };
    return { schema: 1, pid, startTime, host: hostname(), ...listens, binary, startedAt };
  } finally {
    closeSync(log);
  }
}

async function anyPorts(): Promise<ServerPorts> {
  const [port, uiPort] = (await freePorts(LOOPBACK, 2)) as [number, number];
  return { port, uiPort };
}

function serverArguments(folder: string, port: number, uiPort: number): string[] {
  const listen = ['--ip', LOOPBACK, '--port', String(port), '--ui-port', String(uiPort)];
  const pragmas = SQLITE_PRAGMAS.flatMap((pragma) => ['--sqlite-pragma', pragma]);
  const fairness = ['--dynamic-config-value', 'matching.enableFairness=true'];
  const database = ['--db-filename', databasePath(folder)];
  return ['server', 'start-dev', ...listen, ...database, ...pragmas, ...fairness, '--log-level', 'error'];
}

/** The CLI takes its defaults from such variables; this server is meant to depend on its arguments only. */
function withoutTemporalVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

/**
 * Waits until the server answers for its namespaces. Whoever else has taken its port meanwhile answers too, as long as our
 * process has not noticed: only the own namespace tells them apart.
 *
 * @throws ServerExited if the process ends first
 * @throws Error if it is still not ready after two minutes
 */
export async function waitUntilReady(record: ServerRecord, folder: string): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    // First of all: once it is gone, its port may be another server's, which would answer.
    if (!isServerAlive(record)) throw new ServerExited(folder);
    if (await answers(record)) return;
    if (performance.now() > deadline) {
      throw new Error(
        `the Temporal server (process ${record.pid}) does not answer at ${addressOf(record)} (log: ${logPath(folder)})`,
      );
    }
    await sleep(READY_POLL_MS);
  }
}

async function answers(record: ServerRecord): Promise<boolean> {
  // gRPC waits longer and longer between its attempts to connect; a plain connection tells at once.
  if (!(await accepts(record))) return false;
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address: addressOf(record), connectTimeout: CONNECT_TIMEOUT_MS });
    const { ownNamespace = NAMESPACE } = record;
    await connection.workflowService.describeNamespace({ namespace: ownNamespace });
    await connection.workflowService.describeNamespace({ namespace: NAMESPACE });
    return true;
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}

async function accepts({ ip, port }: ServerRecord): Promise<boolean> {
  const socket = connect({ host: ip, port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Asks the server to end, and ends it if it does not. Nothing is lost either way: the database survives a SIGKILL. */
export async function stopProcess(record: ServerRecord): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!isServerAlive(record)) return;
    sendSignal(record.pid, signal);
    const deadline = performance.now() + EXIT_TIMEOUT_MS;
    while (isServerAlive(record) && performance.now() < deadline) await sleep(READY_POLL_MS);
  }
}

/** Ends the server at once, if it is alive on this host: its process id may be another's by now. */
export function killServer(record: ServerRecord): void {
  if (isServerAlive(record)) sendSignal(record.pid, 'SIGKILL');
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function logTail(folder: string): string {
  if (!existsSync(logPath(folder))) return '';
  return readFileSync(logPath(folder), 'utf8').slice(-LOG_TAIL_CHARS).trim().replaceAll(/\s+/gu, ' ');
}
