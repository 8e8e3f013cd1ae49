import type { ActivityOptions } from '@temporalio/common';
import { FailureType, NON_RETRYABLE_FAILURE_TYPES } from './failure-types.ts';

/** A worker that has not been heard of for this long is taken for dead. */
export const DEFAULT_HEARTBEAT_TIMEOUT_MS = 15_000;

const nonRetryableErrorTypes = [...NON_RETRYABLE_FAILURE_TYPES];

/**
 * Activities on files: checking, planning, saving, finishing.
 *
 * - start-to-close 24 h: planning reads every input and judges every checkpoint, which on a slow share with 100,000 files
 *   takes hours. It is a backstop only; the heartbeat finds a dead worker in seconds.
 * - 10 attempts from 1 s to 60 s: transient errors of a shared file system last seconds to minutes. Errors that no retry
 *   cures are marked non-retryable where they arise.
 */
export function ioActivityOptions(heartbeatTimeoutMs: number): ActivityOptions {
  return {
    startToCloseTimeout: '24 hours',
    heartbeatTimeout: heartbeatTimeoutMs,
    retry: {
      initialInterval: '1 second',
      backoffCoefficient: 2,
      maximumInterval: '60 seconds',
      maximumAttempts: 10,
      nonRetryableErrorTypes,
    },
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  };
}

/**
 * Stages of a prediction, on the queue of the other activities on files: each reads whole files and writes whole files, and
 * what another attempt has completed is found.
 *
 * - start-to-close 24 h: 100 GB of sequences on a slow share take hours; a dead worker is found by its heartbeat.
 * - 10 attempts: a stage begins anew where its worker dies, so ten deaths within one stage are a fault that somebody has
 *   to look at. Starting again goes on from the last complete file.
 * - fairness key: two predictions share the slots of the queue (servers need `matching.enableFairness`).
 */
export function stageActivityOptions(heartbeatTimeoutMs: number, runId: string): ActivityOptions {
  return { ...ioActivityOptions(heartbeatTimeoutMs), priority: { fairnessKey: runId } };
}

/** saveCheckpoint: rows that are missing after its own wait for them are embedded again, not waited for once more. */
export function saveActivityOptions(heartbeatTimeoutMs: number): ActivityOptions {
  const { retry, ...options } = ioActivityOptions(heartbeatTimeoutMs);
  return {
    ...options,
    retry: { ...retry, nonRetryableErrorTypes: [...nonRetryableErrorTypes, FailureType.RunSpoolIncomplete] },
  };
}

/**
 * embedFile, on the queue of its embedder.
 *
 * - start-to-close 7 days: 10,000 long proteins on a CPU take days; heartbeats find what is dead.
 * - no schedule-to-start timeout: a queue that nobody polls is not a failure of the run; the client names it.
 * - no attempt limit: machines may die as often as they like. Attempts that ended in an embedder error without a new
 *   durable row are counted in the spool, and the third in a row is non-retryable.
 * - fairness key: two runs on one GPU queue share its slots (servers need `matching.enableFairness`).
 */
export function embedActivityOptions(heartbeatTimeoutMs: number, taskQueue: string, runId: string): ActivityOptions {
  return {
    taskQueue,
    startToCloseTimeout: '7 days',
    heartbeatTimeout: heartbeatTimeoutMs,
    retry: {
      initialInterval: '1 second',
      backoffCoefficient: 2,
      maximumInterval: '60 seconds',
      nonRetryableErrorTypes,
    },
    priority: { fairnessKey: runId },
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  };
}
