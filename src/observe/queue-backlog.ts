import type { NativeConnection } from '@temporalio/worker';
import { setTimeout as sleep } from 'node:timers/promises';

/** Asking is cheap, but every worker asks. */
const INTERVAL_MS = 15_000;

/** temporal.api.enums.v1.TaskQueueType */
const QUEUE_TYPE = { workflow: 1, activity: 2 } as const;

/** A queue that a worker polls. */
export interface WatchedQueue {
  name: string;
  kind: keyof typeof QUEUE_TYPE;
}

/** Asks for the backlog of a queue; undefined: the server counts none. */
export type BacklogProbe = (queue: WatchedQueue) => Promise<number | undefined>;

/** Tells how many tasks wait in queues, now and then until the signal fires. A server that does not answer is asked again. */
export async function watchBacklog(
  queues: readonly WatchedQueue[],
  probe: BacklogProbe,
  tell: (queue: WatchedQueue, backlog: number) => void,
  signal: AbortSignal,
  intervalMs = INTERVAL_MS,
): Promise<void> {
  while (!signal.aborted) {
    for (const queue of queues) {
      const backlog = await probe(queue).catch(() => undefined);
      if (backlog !== undefined && !signal.aborted) tell(queue, backlog);
    }
    await sleep(intervalMs, undefined, { signal, ref: false }).catch(() => {});
  }
}

/** Servers before 1.25 count no backlog. */
export function backlogProbe({ workflowService }: NativeConnection, namespace: string): BacklogProbe {
  return async ({ name, kind }) => {
    const { stats } = await workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name },
      taskQueueType: QUEUE_TYPE[kind],
      reportStats: true,
    });
    const backlog = stats?.approximateBacklogCount;
    return backlog == null ? undefined : Number(backlog);
  };
}
