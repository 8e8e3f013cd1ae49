import type { ValidateCheckpointInput, ValidateCheckpointResult } from '../contract/activities.ts';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { validateCheckpoint as validate } from '../checkpoint/index.ts';
import { secondsSince } from './observation.ts';
import type { ObservedScope } from './observed-scope.ts';

const TYPES = {
  corrupted: FailureType.CheckpointCorrupted,
  incompatible: FailureType.CheckpointIncompatible,
  unavailable: FailureType.CheckpointUnavailable,
} as const;

/** Judges one file: returns what it holds, or throws `CheckpointError.*`. */
export async function validateCheckpoint(
  { path, level, requireKeys }: ValidateCheckpointInput,
  { signal, observation }: ObservedScope,
): Promise<ValidateCheckpointResult> {
  const begunAt = performance.now();
  const entry = await validate(path, {
    signal,
    ...(level === undefined ? {} : { level }),
    ...(requireKeys === undefined ? {} : { requireKeys }),
  });
  const { result, reason, code, ...facts } = entry;
  const seconds = secondsSince(begunAt);
  const judged = { path, level: level ?? 'structure', result, seconds, ...(code && { code }) };
  observation.tell({ type: 'checkpoint-validated', ...judged });
  if (result === 'valid') return facts;
  throw new VirnucproError(TYPES[result], `${path}: ${reason ?? result}`);
}
