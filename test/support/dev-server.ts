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

/** A Temporal development server for one test file; its data live in memory. */
export interface DevServer {
  /** host:port */
  readonly address: string;
  stop(): Promise<void>;
}

/**
 * Starts a server with the executable that the command itself would find.
 *
 * @param options.fairness whether runs share a queue fairly, which servers do not do of themselves; true if left out
 */
export async function startDevServer({ fairness = true } = {}): Promise<DevServer> {
  const { path } = await findTemporal({ log: () => {} });
  const [port] = (await freePorts(HOST, 1)) as [number];
  const child = spawn(
    path,
    [
      ...['server', 'start-dev', '--headless', '--ip', HOST, '--port', String(port), '--log-level', 'error'],
      ...['--dynamic-config-value', `matching.enableFairness=${fairness}`],
    ],
    { stdio: 'ignore' },
  );
  const address = `${HOST}:${port}`;
  await waitUntilReady(child, address);
  return { address, stop: () => stop(child) };
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

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
