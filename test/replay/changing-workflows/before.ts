import { proxyActivities } from '@temporalio/workflow';
import type { SaveCheckpointResult, TaskInput, VirnucproActivities } from '../../../src/contract/activities.ts';

const { embedFile, saveCheckpoint } = proxyActivities<VirnucproActivities>({ startToCloseTimeout: '1 day' });

export async function embedOne(task: TaskInput): Promise<SaveCheckpointResult> {
  const rows = await embedFile(task);
  return saveCheckpoint({ ...task, rows });
}
