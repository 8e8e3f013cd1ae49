import { unavailable, type CheckpointError } from '../checkpoint/errors.ts';
import type { CheckpointEntry } from '../checkpoint/types.ts';

/** The error of a checkpoint that could not be looked at: it says nothing about the file, and is worth another try. */
export function unavailableOf(file: string, { code = 'UNAVAILABLE', reason = '' }: CheckpointEntry): CheckpointError {
  return unavailable(file, code, reason.replace(/^unavailable: /u, ''));
}
