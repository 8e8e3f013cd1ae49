import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { EmbedHeartbeat } from '../contract/progress.ts';

/** What the open activities of a run and its partitions say. */
export interface PendingWork {
  /** Rows that are durable in the spools of open embedFile tasks. */
  spooledRows: number;
  /** Rows that those tasks have to make. */
  openRows: number;
  /** Tasks that are being worked on by a worker. */
  runningTasks: number;
  /** Tasks that wait for a worker. */
  waitingTasks: number;
  /** Last failures of tasks that are tried again, e.g. that a disk is full. */
  troubles: string[];
}

/** A run has few open partitions; each has at most 32 open tasks. */
const MAX_TROUBLES = 3;

type Description = Awaited<ReturnType<Client['workflowService']['describeWorkflowExecution']>>;

/** Describes the run and its open partitions. */
export async function pendingWork(client: Client, workflowId: string): Promise<PendingWork> {
  const work: PendingWork = { spooledRows: 0, openRows: 0, runningTasks: 0, waitingTasks: 0, troubles: [] };
  const run = await describe(client, workflowId);
  add(work, run);
  for (const child of run.pendingChildren ?? []) {
    if (child.workflowId) add(work, await describe(client, child.workflowId));
  }
  return work;
}

function describe(client: Client, workflowId: string): Promise<Description> {
  return client.workflowService.describeWorkflowExecution({
    namespace: client.options.namespace,
    execution: { workflowId },
  });
}

/** PENDING_ACTIVITY_STATE_STARTED of temporal.api.enums.v1. */
const STARTED = 2;

function add(work: PendingWork, { pendingActivities }: Description): void {
  for (const activity of pendingActivities ?? []) {
    if (Number(activity.state) === STARTED) work.runningTasks++;
    else work.waitingTasks++;
    const trouble = activity.lastFailure?.message;
    if (trouble && work.troubles.length < MAX_TROUBLES && !work.troubles.includes(trouble)) work.troubles.push(trouble);
    const payload = activity.heartbeatDetails?.payloads?.[0];
    if (payload === undefined || activity.activityType?.name !== 'embedFile') continue;
    const details = defaultPayloadConverter.fromPayload<EmbedHeartbeat | undefined>(payload);
    work.spooledRows += details?.durableRows ?? 0;
    work.openRows += details?.rows ?? 0;
  }
}
