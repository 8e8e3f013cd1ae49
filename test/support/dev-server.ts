import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { findTemporal } from '../../src/server/bootstrap/find-temporal.mjs';
import { freePorts } from '../../src/server/free-ports.ts';

const HOST = '127.0.0.1';
const READY_POLL_MS = 50;
/** A first start from a cold disk, beside other work. */
const READY_TRIES = 1200;

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
  const { fairness = true, database, address: earlier } = options;
  const { path } = await findTemporal({ log: () => {} });
  const port = earlier?.split(':')[1] ?? (await freePorts(HOST, 1))[0];
  const child = spawn(
    path,
    [
      ...['server', 'start-dev', '--headless', '--ip', HOST, '--port', String(port), '--log-level', 'error'],
      ...['--dynamic-config-value', `matching.enableFairness=${fairness}`],
      ...(database === undefined ? [] : ['--db-filename', database]),
    ],
    { stdio: 'ignore' },
  );
  const address = `${HOST}:${port}`;
  await waitUntilReady(child, address);
  return { address, stop: () => end(child, 'SIGTERM'), kill: () => end(child, 'SIGKILL') };
}

async function waitUntilReady(child: ChildProcess, address: string): Promise<void> {
  for (let attempt = 0; attempt < READY_TRIES; attempt++) {
    if (child.exitCode !== null) throw new Error(`the Temporal server ended with exit code ${child.exitCode}`);
    if (await answers(address)) return;
    await sleep(READY_POLL_MS);
  }
  throw new Error(`the Temporal server does not answer at ${address}`);
}

async function answers(address: string): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: 1000 });
    try {
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
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}
