import type { Client } from '@temporalio/client';
import type { ConnectionSettings } from './connection.ts';

/** A worker that waits for work polls again at least every 60 s; one that was not seen for two polls is gone. */
const POLLER_EXPIRY_MS = 125_000;

/** temporal.api.enums.v1.TaskQueueType */
const QUEUE_TYPE = { workflow: 1, activity: 2 } as const;

export interface QueueNeed {
  name: string;
  type: keyof typeof QUEUE_TYPE;
}

/** Those of the queues that no worker has polled lately. A worker with all slots taken does not poll: ask only for queues with waiting tasks. */
export async function unservedQueues(client: Client, needs: readonly QueueNeed[]): Promise<QueueNeed[]> {
  const unserved: QueueNeed[] = [];
  for (const need of needs) {
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: need.name },
      taskQueueType: QUEUE_TYPE[need.type],
    });
    const seen = (pollers ?? []).map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000);
    if (!seen.some((time) => Date.now() - time < POLLER_EXPIRY_MS)) unserved.push(need);
  }
  return unserved;
}

/** How to start a worker for a queue. */
export function startHint(need: QueueNeed, { address, namespace }: ConnectionSettings, embedder?: string): string {
  const role = embedder === undefined ? '--role io' : `--role gpu --embedder ${embedder}`;
  return `no worker polls the queue ${need.name}: start one with  virnucpro worker ${role} --address ${address} --namespace ${namespace}`;
}
