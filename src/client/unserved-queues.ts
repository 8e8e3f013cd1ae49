import type { Client } from '@temporalio/client';
import { gpuTaskQueue, IO_TASK_QUEUE } from '../contract/names.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import { isAnyTaskRunning, openTasksOfRun, type OpenTask } from './open-tasks.ts';

/** A queue on which tasks of a run wait although nobody serves it. */
export interface UnservedQueue {
  queue: string;
  type: 'workflow' | 'activity';
  /** Tasks of the run that wait on it. */
  waiting: number;
}

/** What is asked of a server; a port for the tests. */
export interface QueueObserver {
  openTasks(): Promise<readonly OpenTask[]>;
  /** When a worker polled the queue last, in milliseconds since 1970; undefined: never, as far as the server remembers. */
  lastPoll(queue: string, type: OpenTask['type']): Promise<number | undefined>;
  /** Whether a worker has a task of that queue in hand, of any run. */
  isBusy(queue: string): Promise<boolean>;
}

/** A worker with a free slot takes a task at once; a worker that has just started, soon. */
const WAIT_GRACE_MS = 10_000;
/**
 * A poll ends after 60 s at most (70 s where the server allows it), the next one follows at once, and the server notes the
 * time of both ends: a worker with a free slot was seen more recently than this.
 */
const POLLER_EXPIRY_MS = 80_000;

/**
 * The queues on which a task has been waiting that nobody has polled lately and of which no task is being worked on. A
 * worker with all its slots taken does not poll, for hours maybe: it is known by the tasks that it has in hand, be they of
 * this run or of another. One that died with its tasks in hand is not, once their heartbeats have timed out.
 */
export async function findUnserved(observer: QueueObserver, now: number): Promise<UnservedQueue[]> {
  const unserved: UnservedQueue[] = [];
  for (const tasks of byQueue(await observer.openTasks()).values()) {
    const [{ queue, type }] = tasks as [QueuedTask];
    const waiting = tasks.filter(({ state, since }) => state === 'waiting' && now - since >= WAIT_GRACE_MS).length;
    if (waiting === 0 || tasks.some(({ state }) => state === 'running')) continue;
    const lastPoll = await observer.lastPoll(queue, type);
    if (lastPoll !== undefined && now - lastPoll < POLLER_EXPIRY_MS) continue;
    if (type === 'activity' && (await observer.isBusy(queue))) continue;
    unserved.push({ queue, type, waiting });
  }
  return unserved;
}

type QueuedTask = OpenTask & { queue: string };

function byQueue(tasks: readonly OpenTask[]): Map<string, QueuedTask[]> {
  const grouped = new Map<string, QueuedTask[]>();
  for (const task of tasks) {
    const { queue, type } = task;
    if (queue === undefined) continue;
    const key = `${type} ${queue}`;
    grouped.set(key, [...(grouped.get(key) ?? []), { ...task, queue }]);
  }
  return grouped;
}

/** temporal.api.enums.v1.TaskQueueType */
const QUEUE_TYPE = { workflow: 1, activity: 2 } as const;

/** Asks the server about the open tasks of a run and about queues. */
export function queueObserver(client: Client, workflowId: string): QueueObserver {
  return {
    openTasks: () => openTasksOfRun(client, workflowId),
    isBusy: (queue) => isAnyTaskRunning(client, queue),
    async lastPoll(queue, type) {
      const { pollers } = await client.workflowService.describeTaskQueue({
        namespace: client.options.namespace,
        taskQueue: { name: queue },
        taskQueueType: QUEUE_TYPE[type],
      });
      const times = (pollers ?? []).map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000);
      return times.length === 0 ? undefined : Math.max(...times);
    },
  };
}

const GPU_QUEUE_PREFIX = gpuTaskQueue('');

/** What to tell a person about an unserved queue: its name and how to start a worker for it. */
export function startHint({ queue }: UnservedQueue, { address, namespace }: ConnectionSettings): string {
  const where = `--address ${address} --namespace ${namespace}`;
  if (queue.startsWith(GPU_QUEUE_PREFIX)) {
    const embedder = queue.slice(GPU_QUEUE_PREFIX.length);
    return `${nobody(queue)}: start one with  virnucpro worker --role gpu --embedder ${embedder} ${where}`;
  }
  if (queue === IO_TASK_QUEUE) return `${nobody(queue)}: start one with  virnucpro worker --role io ${where}`;
  const how = `createWorkers({ taskQueue }) or createWorkers({ gpuTaskQueues })`;
  return `${nobody(queue)} of ${namespace} at ${address}: start one that does (${how} of virnucpro-temporal/worker)`;
}

function nobody(queue: string): string {
  return `no worker polls the queue ${queue}`;
}
