import type { CheckpointCheck } from '../checkpoint/thread-tasks.ts';
import type { CheckpointEntry, ValidateOptions } from '../checkpoint/types.ts';
import { validateEach } from '../checkpoint/validate-checkpoint.ts';
import type { ActivityEventBody } from '../contract/activity-events.ts';
import { isMissing } from './missing.ts';

type ValidatedBody = Extract<ActivityEventBody, { type: 'checkpoint-validated' }>;

/** Told of each file that was judged. */
export type OnValidated = (validated: Omit<ValidatedBody, 'type'>) => void;

/** `validateEach`, whose verdicts somebody is told of; of files that are not there, nothing was judged. */
export async function validateObserved(
  checks: readonly CheckpointCheck[],
  options: ValidateOptions,
  onValidated: OnValidated | undefined,
): Promise<CheckpointEntry[]> {
  const begunAt = performance.now();
  const entries = await validateEach(checks, options);
  const seconds = (performance.now() - begunAt) / 1000 / Math.max(1, checks.length);
  const level = options.trustContent === true ? 'trusted' : (options.level ?? 'structure');
  for (const entry of entries) {
    const { path, result, code } = entry;
    if (!isMissing(entry)) onValidated?.({ path, level, result, seconds, ...(code && { code }) });
  }
  return entries;
}
