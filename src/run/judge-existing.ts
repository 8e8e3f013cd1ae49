import * as path from 'node:path';
import { FailureType } from '../contract/failure-types.ts';
import type { OnBadCheckpoint } from '../contract/run-request.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { validateCheckpoint } from '../checkpoint/index.ts';
import type { CheckpointEntry, CheckpointExpectation } from '../checkpoint/types.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import type { TaskReason, TaskState } from './plan.ts';

/** What is to be done about one checkpoint of a plan. */
export interface Verdict {
  state: TaskState;
  reason?: TaskReason;
  detail?: string;
  /** Something is in the way of the new file. */
  inTheWay: boolean;
}

export interface JudgeOptions {
  onBadCheckpoint: OnBadCheckpoint;
  skipCheckpointValidation: boolean;
  signal: AbortSignal;
}

const STATE_OF_BAD: Readonly<Record<OnBadCheckpoint, TaskState>> = {
  fail: 'bad',
  skip: 'skipped',
  recompute: 'pending',
};

/**
 * Judges the checkpoint at `file`, which should be what `expect` says.
 *
 * @throws VirnucproError `CheckpointError.Unavailable` if nothing can be said of it, `RunError.InvalidInput` if it is no regular file
 */
export async function judgeExisting(
  directory: string,
  file: string,
  expect: CheckpointExpectation,
  options: JudgeOptions,
): Promise<Verdict> {
  const target = path.join(directory, file);
  if ((await nodeFileSystem.stat(target)) === undefined)
    return { state: 'pending', reason: 'missing', inTheWay: false };
  const entry = await validateCheckpoint(target, {
    level: 'structure',
    expect,
    trustContent: options.skipCheckpointValidation,
    signal: options.signal,
  });
  if (entry.result === 'valid') {
    if (isComplete(entry)) return { state: 'found', inTheWay: false };
    return { state: 'pending', reason: 'in_progress', inTheWay: true };
  }
  if (entry.result === 'unavailable') throw undecided(target, entry);
  const detail = entry.reason ?? entry.result;
  return { state: STATE_OF_BAD[options.onBadCheckpoint], reason: entry.result, detail, inTheWay: true };
}

/** A 0.x file has no status: it is complete if it validates. */
export function isComplete(entry: CheckpointEntry): boolean {
  return entry.status !== 'in_progress';
}

function undecided(target: string, entry: CheckpointEntry): VirnucproError {
  const type = entry.code === 'NOT_A_FILE' ? FailureType.RunInvalidInput : FailureType.CheckpointUnavailable;
  return new VirnucproError(type, `${target}: ${entry.reason ?? 'unavailable'}`);
}
