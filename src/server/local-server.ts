import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { findTemporal } from './bootstrap/find-temporal.mjs';
import { withLockFile } from './bootstrap/lock-file.mjs';
import { databasePath, NAMESPACE, ServerExited, spawnServer, stopProcess, waitUntilReady } from './server-process.ts';
import { addressOf, readRecordIn, removeRecordIn, uiUrlOf, writeRecordIn } from './server-record.ts';
import type { ServerPorts } from './server-process.ts';
import type { ServerRecord } from './server-record.ts';
import { registerUser, releaseUser } from './server-users.ts';
import { makeStateFolder, stateFolder } from './state-folder.ts';

/** Another process may take a port between the moment it is found free and the moment the server binds it. */
const PORT_ATTEMPTS = 3;

/** A running development server that belongs to one run. */
export interface LocalServer {
  /** `host:port` */
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string;
  readonly pid: number;
  readonly record: ServerRecord;
  readonly ports: ServerPorts;
  /** true if it was already running */
  readonly reused: boolean;
  /** Ends the server, unless another command uses it by now, and removes its record; its database stays. */
  stop(): Promise<void>;
}

export interface LocalServerOptions {
  /** the first 12 hex digits of the run's UUID */
  readonly runId12: string;
  /** told what is found, started, replaced or moved aside */
  readonly log: (line: string) => void;
  /** Ports of a server that has died, so that its clients find the new one; others are taken where they are not free. */
  readonly ports?: ServerPorts;
  /** Told of each process that is started, before it is waited for: who ends meanwhile can end it, too. */
  readonly onSpawn?: (record: ServerRecord) => void;
}

/**
 * Gives the run its own Temporal server: the one that its record names if that is alive, otherwise a new one on the same
 * database. A database that will not start is moved aside and a new one made; the run then plans from its checkpoints.
 *
 * @throws Error if no server executable can be found or made, or the server does not start on a new database either
 */
export async function ensureLocalServer(options: LocalServerOptions): Promise<LocalServer> {
  const { runId12, log } = options;
  const folder = stateFolder(runId12);
  makeStateFolder(folder);
  return locked(folder, log, async () => {
    const server = (await reuse(folder, log)) ?? (await start(folder, options));
    registerUser(folder);
    return server;
  });
}

/** One process at a time starts or ends the server of a run. */
function locked<T>(folder: string, log: (line: string) => void, work: () => Promise<T>): Promise<T> {
  const waiting = (holder: number) => log(`process ${holder} starts or ends the server of this run; waiting for it`);
  return withLockFile(join(folder, 'server.lock'), work, waiting);
}

/** Ends the server of a run, if one is alive on this host. */
export async function stopLocalServer(runId12: string): Promise<void> {
  const folder = stateFolder(runId12);
  const record = readRecordIn(folder);
  if (record) await stopRecorded(folder, record);
}

async function reuse(folder: string, log: (line: string) => void): Promise<LocalServer | undefined> {
  const record = readRecordIn(folder);
  if (!record) return undefined;
  try {
    await waitUntilReady(record, folder);
    return localServer(folder, record, true);
  } catch (error) {
    const gone = `the Temporal server of this run (process ${record.pid} on ${record.host}) is gone`;
    log(`${error instanceof ServerExited ? gone : (error as Error).message}; starting another on its database`);
    await stopProcess(record);
  }
  removeRecordIn(folder, record);
  return undefined;
}

async function start(folder: string, { log, ports, onSpawn }: LocalServerOptions): Promise<LocalServer> {
  const cli = await findTemporal({ log });
  log(`starting a Temporal server for this run (${cli.path}, ${cli.version})`);
  try {
    return await startOnFreePorts(cli.path, folder, onSpawn, ports);
  } catch (error) {
    if (!(error instanceof ServerExited) || !existsSync(databasePath(folder))) throw error;
    if (isLocked(error)) throw lockedBy(folder, error);
    if (!isAboutDatabase(error)) throw error;
    log(`${error.message}; moved its database aside to ${moveDatabaseAside(folder)} and starting with a new one`);
    return startOnFreePorts(cli.path, folder, onSpawn);
  }
}

async function startOnFreePorts(
  binary: string,
  folder: string,
  onSpawn: LocalServerOptions['onSpawn'],
  ports?: ServerPorts,
): Promise<LocalServer> {
  for (let attempt = 1; ; attempt++) {
    const record = await spawnServer(binary, folder, attempt === 1 ? ports : undefined);
    onSpawn?.(record);
    writeRecordIn(folder, record);
    try {
      await waitUntilReady(record, folder);
      return localServer(folder, record, false);
    } catch (error) {
      await stopRecorded(folder, record);
      if (!(error instanceof ServerExited && isPortTaken(error)) || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

function localServer(folder: string, record: ServerRecord, reused: boolean): LocalServer {
  return {
    address: addressOf(record),
    namespace: NAMESPACE,
    uiUrl: uiUrlOf(record),
    pid: record.pid,
    record,
    ports: { port: record.port, uiPort: record.uiPort },
    reused,
    stop: () =>
      locked(
        folder,
        () => {},
        async () => {
          if (!releaseUser(folder)) await stopRecorded(folder, record);
        },
      ),
  };
}

async function stopRecorded(folder: string, record: ServerRecord): Promise<void> {
  await stopProcess(record);
  removeRecordIn(folder, record);
}

function isPortTaken(error: ServerExited): boolean {
  return error.output.includes('address already in use');
}

/** A server that this folder's record does not know. */
function isLocked(error: ServerExited): boolean {
  return error.output.includes('database is locked');
}

function lockedBy(folder: string, cause: Error): Error {
  const database = databasePath(folder);
  const hint = `find it with \`pgrep -af ${database}\`, end it and run this again`;
  return new Error(`another Temporal server has ${database} open: ${hint}`, { cause });
}

/** What SQLite says when the disk is to blame: the database is left where it is. */
const DISK_TROUBLE = /disk is full|readonly database|disk I\/O error|unable to open|permission denied/iu;

/** One that was killed has not said anything: that does not speak against its database. */
function isAboutDatabase(error: ServerExited): boolean {
  return error.output !== '' && !isPortTaken(error) && !DISK_TROUBLE.test(error.output);
}

/** @returns the new name of the database file */
function moveDatabaseAside(folder: string): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/gu, '');
  const from = databasePath(folder);
  const to = `${from}.bad-${time}`;
  for (const suffix of ['', '-wal', '-shm', '-journal']) {
    if (existsSync(from + suffix)) renameSync(from + suffix, to + suffix);
  }
  return to;
}
