import type { LoadedDataConverter } from '@temporalio/common';
import type { EmbedHeartbeat } from '../contract/progress.ts';
import { decodeFailureMessage, decodePayload } from '../converter/index.ts';
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

/**
 * Sums up what {@link openTasksOfRun} gives.
 *
 * @param converter of the client: heartbeats and failures lie on the server as its clients and workers encode them
 */
export async function pendingWork(tasks: readonly OpenTask[], converter: LoadedDataConverter): Promise<PendingWork> {
  const work: PendingWork = { spooledRows: 0, openRows: 0, runningTasks: 0, waitingTasks: 0, troubles: [] };
  for (const { activity, state } of tasks) {
    if (activity === undefined) continue;
    if (state === 'running') work.runningTasks++;
    else work.waitingTasks++;
    await addTrouble(work.troubles, activity, converter);
    const heartbeat = await heartbeatOf(activity, converter);
    work.spooledRows += heartbeat?.durableRows ?? 0;
    work.openRows += heartbeat?.rows ?? 0;
  }
  return work;
}

async function addTrouble(
  troubles: string[],
  { lastFailure }: PendingActivity,
  converter: LoadedDataConverter,
): Promise<void> {
  if (!lastFailure || troubles.length >= MAX_TROUBLES) return;
  const trouble = await decodeFailureMessage(converter, lastFailure);
  if (trouble && !troubles.includes(trouble)) troubles.push(trouble);
}

async function heartbeatOf(
  { heartbeatDetails, activityType }: PendingActivity,
  converter: LoadedDataConverter,
): Promise<EmbedHeartbeat | undefined> {
  const payload = heartbeatDetails?.payloads?.[0];
  if (payload === undefined || activityType?.name !== 'embedFile') return undefined;
  return decodePayload<EmbedHeartbeat | undefined>(converter, payload);
}
