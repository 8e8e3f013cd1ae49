import type { LoadedDataConverter } from '@temporalio/common';
import type { StageHeartbeat } from '../contract/prediction.ts';
import { decodePayload } from '../converter/index.ts';
import type { OpenTask } from './open-tasks.ts';

/**
 * What the open stages of a prediction have told last.
 *
 * @param converter of the client: heartbeats lie on the server as its workers encode them
 */
export async function stageProgress(
  tasks: readonly OpenTask[],
  converter: LoadedDataConverter,
): Promise<StageHeartbeat[]> {
  const beats: StageHeartbeat[] = [];
  for (const { activity } of tasks) {
    const payload = activity?.heartbeatDetails?.payloads?.[0];
    if (payload === undefined || activity?.activityType?.name === 'embedFile') continue;
    const beat = await decodePayload<StageHeartbeat | undefined>(converter, payload);
    if (beat?.stage !== undefined) beats.push(beat);
  }
  return beats;
}
