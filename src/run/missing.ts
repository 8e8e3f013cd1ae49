import type { CheckpointEntry } from '../checkpoint/types.ts';

export function isMissing(entry: CheckpointEntry): boolean {
  return entry.code === 'MISSING';
}
