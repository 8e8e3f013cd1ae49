import type { Connection } from '@temporalio/client';
import { gpuTaskQueue, IO_TASK_QUEUE } from '../../contract/names.ts';
import type { EmbedderFactory } from '../../embedders/index.ts';
import type { Finding } from './finding.ts';

/** temporal.api.enums.v1.TaskQueueType */
const WORKFLOW_TASKS = 1;
const ACTIVITY_TASKS = 2;

/** A worker asks again every minute; the server remembers it for five. */
const ALIVE_MS = 120_000;

/** One that polls a queue. */
export interface Poller {
  identity: string;
  /** Milliseconds since 1970. */
  lastAccessMs: number;
  /** Deployment and build id of a worker that is versioned. */
  version?: string;
}

/** What a queue is there for, and who polls it. */
export interface QueueState {
  queue: string;
  /** What its worker does, e.g. `workflows`. */
  tasks: string;
  /** How its worker is started. */
  role: string;
  /** Needed by a run in the folder. */
  needed: boolean;
  pollers: readonly Poller[];
}

/**
 * Is each queue served?
 *
 * @param embedders all that could be served; of the models only those are spoken of that are served or needed
 * @param needed queues that the run folder works with, by embedder
 */
export async function checkPollers(
  connection: Connection,
  { namespace, address }: { namespace: string; address: string },
  embedders: readonly Pick<EmbedderFactory, 'name' | 'isModel'>[],
  needed: Readonly<Record<string, string>>,
): Promise<Finding[]> {
  const pollers = (queue: string, type: number) => pollersOf(connection, namespace, queue, type);
  const io = { queue: IO_TASK_QUEUE, role: 'io', needed: true };
  const states: QueueState[] = [
    { ...io, tasks: 'workflows', pollers: await pollers(IO_TASK_QUEUE, WORKFLOW_TASKS) },
    { ...io, tasks: 'io activities', pollers: await pollers(IO_TASK_QUEUE, ACTIVITY_TASKS) },
  ];
  for (const { name, isModel = false } of embedders) {
    const queue = needed[name] ?? gpuTaskQueue(name);
    const gpu = { queue, tasks: 'embedding', role: `gpu --embedder ${name}`, needed: Object.hasOwn(needed, name) };
    const state = { ...gpu, pollers: await pollers(queue, ACTIVITY_TASKS) };
    if (!isModel || state.needed || state.pollers.length > 0) states.push(state);
  }
  return states.map((state) => judgeQueue(state, address, Date.now()));
}

async function pollersOf(
  connection: Connection,
  namespace: string,
  queue: string,
  taskQueueType: number,
): Promise<Poller[]> {
  const described = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: queue },
    taskQueueType,
  });
  return (described.pollers ?? []).map(({ identity, lastAccessTime, deploymentOptions }) => ({
    identity: identity ?? 'unknown',
    lastAccessMs: Number(lastAccessTime?.seconds ?? 0) * 1000,
    ...(deploymentOptions?.buildId ? { version: versionText(deploymentOptions) } : {}),
  }));
}

function versionText({ deploymentName, buildId }: { deploymentName?: string | null; buildId?: string | null }): string {
  return [deploymentName, buildId].filter(Boolean).join('.');
}

export function judgeQueue({ queue, tasks, role, needed, pollers }: QueueState, address: string, now: number): Finding {
  const check = 'pollers';
  const alive = pollers.filter(({ lastAccessMs }) => now - lastAccessMs < ALIVE_MS);
  if (alive.length > 0) {
    const names = alive.map(({ identity, version }) => (version ? `${identity} (${version})` : identity));
    return { check, status: 'ok', message: `queue ${queue} (${tasks}): served by ${listed([...new Set(names)])}` };
  }
  const last = Math.max(...pollers.map(({ lastAccessMs }) => lastAccessMs));
  // One with all its slots taken does not poll.
  const since =
    pollers.length === 0 ? '' : `, the last one did ${Math.round((now - last) / 1000)} s ago; it may be busy`;
  const message = `queue ${queue} (${tasks}): no worker polls it${since}`;
  if (queue !== IO_TASK_QUEUE && !queue.startsWith(gpuTaskQueue(''))) {
    return { check, status: 'warning', message, todo: `start the worker that serves it (docs/workers.md)` };
  }
  const todo = `virnucpro worker --role ${role} --address ${address}`;
  return { check, status: needed ? 'warning' : 'info', message, todo: needed ? todo : `if a run needs it: ${todo}` };
}

/** A hundred GPUs are a hundred workers. */
const MOST_NAMED = 8;

function listed(names: readonly string[]): string {
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  return `${names.slice(0, MOST_NAMED).join(', ')}${more}`;
}
