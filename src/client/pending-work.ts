import { defaultPayloadConverter } from '@temporalio/common';
import type { EmbedHeartbeat } from '../contract/progress.ts';
import type { OpenTask, PendingActivity } from './open-tasks.ts';

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

/** Sums up what {@link openTasksOfRun} gives. */
export function pendingWork(tasks: readonly OpenTask[]): PendingWork {
  const work: PendingWork = { spooledRows: 0, openRows: 0, runningTasks: 0, waitingTasks: 0, troubles: [] };
  for (const { activity, state } of tasks) {
    if (activity === undefined) continue;
    if (state === 'running') work.runningTasks++;
    else work.waitingTasks++;
    const trouble = activity.lastFailure?.message;
    if (trouble && work.troubles.length < MAX_TROUBLES && !work.troubles.includes(trouble)) work.troubles.push(trouble);
    const heartbeat = heartbeatOf(activity);
    work.spooledRows += heartbeat?.durableRows ?? 0;
    work.openRows += heartbeat?.rows ?? 0;
  }
  return work;
}

function heartbeatOf({ heartbeatDetails, activityType }: PendingActivity): EmbedHeartbeat | undefined {
  const payload = heartbeatDetails?.payloads?.[0];
  if (payload === undefined || activityType?.name !== 'embedFile') return undefined;
  return defaultPayloadConverter.fromPayload<EmbedHeartbeat | undefined>(payload);
}
