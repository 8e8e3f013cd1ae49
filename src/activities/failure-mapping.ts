import { ApplicationFailure, CancelledFailure, TemporalFailure } from '@temporalio/common';
import { FailureType, NON_RETRYABLE_FAILURE_TYPES } from '../contract/failure-types.ts';
import type { Offender } from '../contract/outcome.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { cutMessage, firstOffenders } from '../run/fit-outcome.ts';

/** The server cuts failures at 4 KiB and then loses their type: message and details stay well below. */
const MAX_MESSAGE_BYTES = 1024;
const MAX_CAUSE_BYTES = 200;
const MAX_OFFENDERS_BYTES = 2048;
/** A path that is cut cannot be told relative to the run folder any more. */
const OFFENDER_BYTES = { path: 1024, reason: 200 };

/**
 * After a shutdown another worker goes on this soon, however many attempts there were before. Not sooner: a poll that the
 * ending worker has still open would get the task and lose it.
 */
const HAND_OVER_DELAY = '1 second';

const STORAGE_HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'disk full: free some space; the run goes on by itself',
  EDQUOT: 'disk quota used up: free some space; the run goes on by itself',
  EACCES: 'permission denied: the worker must be able to read the inputs and write the run folder',
  EROFS: 'read-only file system: the worker must be able to write the run folder',
};

/**
 * The one place where errors become failures that cross the wire: type, retryability and details are set together.
 * Cancellation passes through as it is; a worker that shuts down hands its task back as retryable.
 */
export function toFailure(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted && isAbort(error, signal)) return abortFailure(signal);
  if (error instanceof TemporalFailure) return error;
  if (error instanceof VirnucproError) return domainFailure(error);
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof Error && typeof code === 'string' && 'syscall' in error) return storageFailure(error, code);
  return error;
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || error instanceof CancelledFailure || (error as Error)?.name === 'AbortError';
}

function abortFailure(signal: AbortSignal): unknown {
  const reason: unknown = signal.reason;
  if (!(reason instanceof CancelledFailure) || reason.message === 'CANCELLED') return reason;
  return ApplicationFailure.create({
    message: `attempt ended (${reason.message}): durable rows are kept, another attempt goes on from there`,
    type: FailureType.RunStaleAttempt,
    ...(reason.message === 'WORKER_SHUTDOWN' ? { nextRetryDelay: HAND_OVER_DELAY } : {}),
  });
}

function domainFailure(error: VirnucproError): ApplicationFailure {
  return ApplicationFailure.create({
    message: cutMessage(error.message, MAX_MESSAGE_BYTES),
    type: error.type,
    nonRetryable: error.final || NON_RETRYABLE_FAILURE_TYPES.includes(error.type),
    ...(error.offenders.length > 0 ? { details: [{ offenders: offendersOf(error) }] } : {}),
    ...(error.cause instanceof Error ? { cause: new Error(cutMessage(error.cause.message, MAX_CAUSE_BYTES)) } : {}),
  });
}

function offendersOf({ offenders }: VirnucproError): Offender[] {
  const fitting = firstOffenders(offenders, OFFENDER_BYTES);
  while (Buffer.byteLength(JSON.stringify(fitting)) > MAX_OFFENDERS_BYTES) fitting.pop();
  return fitting;
}

/** An I/O error says nothing about any file: it is tried again, and never called corrupted. */
function storageFailure(error: Error, code: string): ApplicationFailure {
  const hint = STORAGE_HINTS[code];
  return ApplicationFailure.create({
    message: cutMessage(`${error.message}${hint === undefined ? '' : ` (${hint})`}`, MAX_MESSAGE_BYTES),
    type: FailureType.CheckpointUnavailable,
  });
}
