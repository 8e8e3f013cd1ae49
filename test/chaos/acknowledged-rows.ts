import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { openTasksOfRun } from '../../src/client/open-tasks.ts';
import type { EmbedHeartbeat } from '../../src/contract/progress.ts';

/** Rows that the server has been told to be durable, by checkpoint, of the open tasks of a run. */
export async function acknowledgedRows(client: Client, workflowId: string): Promise<Map<string, number>> {
  const rows = new Map<string, number>();
  for (const { activity } of await openTasksOfRun(client, workflowId)) {
    const payload = activity?.heartbeatDetails?.payloads?.[0];
    if (payload === undefined || activity?.activityType?.name !== 'embedFile') continue;
    const beat = defaultPayloadConverter.fromPayload<EmbedHeartbeat | undefined>(payload);
    if (beat !== undefined) rows.set(beat.checkpoint, beat.durableRows);
  }
  return rows;
}
