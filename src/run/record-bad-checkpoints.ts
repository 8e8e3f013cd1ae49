import * as path from 'node:path';
import { appendFailedCheckpoint, readFailedCheckpoints } from '../checkpoint/failed-checkpoints.ts';
import type { Plan } from './plan.ts';

/**
 * Adds every bad checkpoint of a plan to failed_checkpoints.txt.
 *
 * @param since when planning was asked for: what an earlier attempt at it has written is not written again
 */
export async function recordBadCheckpoints(directory: string, plan: Plan, since: Date): Promise<void> {
  const bad = plan.tasks.filter((task) => task.detail !== undefined);
  if (bad.length === 0) return;
  const { entries } = await readFailedCheckpoints(directory);
  const written = new Set(
    entries.filter(({ timestamp }) => Date.parse(timestamp) >= since.getTime()).map((entry) => entry.path),
  );
  for (const { checkpoint, detail } of bad) {
    const file = path.join(directory, checkpoint);
    if (!written.has(file)) await appendFailedCheckpoint(directory, { path: file, reason: detail! });
  }
}
