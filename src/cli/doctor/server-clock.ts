import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '@temporalio/client';
import type { Finding } from './finding.ts';

/** One queue for all doctors of a namespace: a server remembers a queue for longer than who polls it. */
const QUEUE = 'virnucpro-doctor';
/** temporal.api.enums.v1.TaskQueueType */
const ACTIVITY_TASKS = 2;
/** Servers refuse polls that could not wait for a task; this one is cancelled long before. */
const POLL_DEADLINE_MS = 60_000;
const LOOKS = 20;
const LOOK_EVERY_MS = 50;
/** Waiting times of tasks, from which a missing worker is told, are differences of the two clocks. */
const MAX_DIFFERENCE_MS = 10_000;

/** When a server saw something that happened here between two moments; all in milliseconds since 1970. */
export interface ClockReading {
  before: number;
  server: number;
  after: number;
}

/**
 * Compares the clocks of this host and of the server. No call asks a server for its time, but it notes when a queue was
 * polled last: a queue of doctors is polled for an instant. No task ever comes there, and the server forgets the poll within
 * minutes.
 *
 * @param identity of this process, not used by any other
 */
export async function checkServerClock(connection: Connection, namespace: string, identity: string): Promise<Finding> {
  try {
    const reading = await readClock(connection, namespace, identity);
    if (reading !== undefined) return judgeClock(reading);
    return { check: 'server-clock', status: 'info', message: 'cannot be learned: the server does not note polls' };
  } catch (error) {
    return { check: 'server-clock', status: 'info', message: `cannot be learned: ${(error as Error).message}` };
  }
}

async function readClock(
  connection: Connection,
  namespace: string,
  identity: string,
): Promise<ClockReading | undefined> {
  const { workflowService } = connection;
  const queue = { namespace, taskQueue: { name: QUEUE } };
  const polling = new AbortController();
  const before = Date.now();
  const poll = connection.withAbortSignal(polling.signal, () =>
    connection.withDeadline(before + POLL_DEADLINE_MS, () =>
      workflowService.pollActivityTaskQueue({ ...queue, identity }),
    ),
  );
  const refused = poll.then(
    () => undefined,
    (error: unknown) => error,
  );
  try {
    for (let look = 0; look < LOOKS; look++) {
      const error = await Promise.race([sleep(LOOK_EVERY_MS), refused]);
      if (error !== undefined) throw error;
      const { pollers } = await workflowService.describeTaskQueue({ ...queue, taskQueueType: ACTIVITY_TASKS });
      const time = pollers?.find((poller) => poller.identity === identity)?.lastAccessTime;
      if (time) return { before, server: Number(time.seconds) * 1000 + (time.nanos ?? 0) / 1e6, after: Date.now() };
    }
    return undefined;
  } finally {
    polling.abort();
    await refused;
  }
}

export function judgeClock({ before, server, after }: ClockReading): Finding {
  const check = 'server-clock';
  const ahead = server > after ? server - after : Math.min(0, server - before);
  const seconds = Math.abs(ahead / 1000).toFixed(1);
  if (Math.abs(ahead) <= MAX_DIFFERENCE_MS) {
    const agree = Math.abs(ahead) < 1000 ? 'agree' : `differ by ${seconds} s`;
    return { check, status: 'ok', message: `the clocks of this host and of the server ${agree}` };
  }
  const message = `the clock of this host is ${seconds} s ${ahead > 0 ? 'behind' : 'ahead of'} that of the server`;
  const todo = 'synchronise the clocks (NTP) of this host and the server: waiting tasks and claims are judged by them';
  return { check, status: 'warning', message, todo };
}
