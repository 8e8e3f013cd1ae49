import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { findTemporal } from '../../src/server/bootstrap/find-temporal.mjs';
import { freePorts } from '../../src/server/free-ports.ts';

const HOST = '127.0.0.1';
const READY_POLL_MS = 50;
/** A first start from a cold disk, beside other work. */
const READY_TRIES = 1200;
const PORT_ATTEMPTS = 3;

/** A Temporal development server for one test file. */
export interface DevServer {
  /** host:port */
  readonly address: string;
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

export interface DevServerOptions {
  /** Whether runs share a queue fairly, which servers do not do of themselves. @default true */
  fairness?: boolean;
  /** SQLite file; its data live in memory without one. */
  database?: string;
  /** Where an earlier server was, so that its clients find this one. */
  address?: string;
}

/** Starts a server with the executable that the command itself would find. */
export async function startDevServer(options: DevServerOptions = {}): Promise<DevServer> {
  const earlier = options.address?.split(':')[1];
  for (let attempt = 1; ; attempt++) {
    const port = earlier ?? String((await freePorts(HOST, 1))[0]);
    try {
      return await startAt(port, options);
    } catch (error) {
      // Another server has taken the port between the moment it was found free and the moment this one could have it.
      if (earlier !== undefined || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

async function startAt(port: string, { fairness = true, database }: DevServerOptions): Promise<DevServer> {
  const { path } = await findTemporal({ log: () => {} });
  // Whoever has taken the port meanwhile answers too, but not for this.
  const ownNamespace = `own-${randomUUID()}`;
  const child = spawn(
    path,
    [
      ...['server', 'start-dev', '--headless', '--ip', HOST, '--port', port, '--log-level', 'error'],
      ...['--dynamic-config-value', `matching.enableFairness=${fairness}`, '--namespace', ownNamespace],
      ...(database === undefined ? [] : ['--db-filename', database]),
    ],
    { stdio: 'ignore' },
  );
  const address = `${HOST}:${port}`;
  try {
    await waitUntilReady(child, address, ownNamespace);
  } catch (error) {
    await end(child, 'SIGKILL');
    throw error;
  }
  return { address, stop: () => end(child, 'SIGTERM'), kill: () => end(child, 'SIGKILL') };
}

async function waitUntilReady(child: ChildProcess, address: string, ownNamespace: string): Promise<void> {
  for (let attempt = 0; attempt < READY_TRIES; attempt++) {
    if (hasEnded(child)) throw new Error(`the Temporal server ended (${child.signalCode ?? child.exitCode})`);
    if (await answers(address, ownNamespace)) return;
    await sleep(READY_POLL_MS);
  }
  throw new Error(`the Temporal server does not answer at ${address}`);
}

async function answers(address: string, ownNamespace: string): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: 1000 });
    try {
      await connection.workflowService.describeNamespace({ namespace: ownNamespace });
      await connection.workflowService.describeNamespace({ namespace: 'default' });
      return true;
    } finally {
      await connection.close();
    }
  } catch {
    return false;
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
