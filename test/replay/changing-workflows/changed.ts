import { proxyActivities } from '@temporalio/workflow';
import type { SaveCheckpointResult, TaskInput, VirnucproActivities } from '../../../src/contract/activities.ts';

const { embedFile, saveCheckpoint, validateCheckpoint } = proxyActivities<VirnucproActivities>({
  startToCloseTimeout: '1 day',
});

export async function embedOne(task: TaskInput): Promise<SaveCheckpointResult> {
  const rows = await embedFile(task);
  const saved = await saveCheckpoint({ ...task, rows });
  await validateCheckpoint({ contract: 1, path: `${task.run.directory}/${saved.path}`, level: 'deep' });
  return saved;
}
