import { FailureType } from './failure-types.ts';
import { WORKFLOW_EMBEDDING_RUN } from './names.ts';
import { EXIT_CODES, outcomeOfFailure, type Outcome, type RunOutcome } from './outcome.ts';

/** Every requested checkpoint is on disk, complete and valid. */
export type RunSuccess = RunOutcome & { outcome: 'success'; exitCode: 0 };
/** Finished with holes: files that failed, bad checkpoints or sequences that were skipped. */
export type RunPartial = RunOutcome & { outcome: 'partial'; exitCode: 2 };
/** Stopped on a corrupted or incompatible checkpoint, or on a folder made with other settings. */
export type RunStoppedOnCheckpoint = RunOutcome & { outcome: 'checkpoint'; exitCode: 3; failureType: string };
/** Bad request, no input, folder not usable, or ended from outside: then without a `failureType`. */
export type RunFailed = RunOutcome & { outcome: 'failed'; exitCode: 1 };
/** Cancelled; durable rows are kept. */
export type RunCancelled = RunOutcome & { outcome: 'cancelled'; exitCode: 130 };

/** How a run ended: a {@link RunOutcome} that `switch (outcome.outcome)` narrows. */
export type TypedOutcome = RunSuccess | RunPartial | RunStoppedOnCheckpoint | RunFailed | RunCancelled;

/** What a failure looks like on every side: in a client, an activity and a workflow sandbox the classes differ. */
interface FailureLike {
  name?: unknown;
  message?: unknown;
  type?: unknown;
  details?: unknown;
  workflowType?: unknown;
  cause?: unknown;
}

/** Errors that only say which workflow failed; why stands in their cause. */
const WRAPPERS: ReadonlySet<unknown> = new Set(['WorkflowFailedError', 'ChildWorkflowFailure']);

/**
 * The outcome of an embedding run that ended as an error: what `executeChild` of `embeddingRun` throws in a workflow, or
 * `handle.result()` of Temporal's own client. Safe in a workflow.
 *
 * ```ts
 * const outcome = await executeChild<typeof embeddingRun>(WORKFLOW_EMBEDDING_RUN, options).catch((error: unknown) => {
 *   const known = isCancellation(error) ? undefined : outcomeOfError(error);
 *   if (known === undefined) throw error;
 *   return known;
 * });
 * ```
 *
 * @returns undefined for an error that is not the end of a run: throw it on. A workflow that was itself cancelled gets the
 *   same error as one whose child was: ask `isCancellation` first
 */
export function outcomeOfError(error: unknown): TypedOutcome | undefined {
  let failure = error as FailureLike | null | undefined;
  if (!WRAPPERS.has(failure?.name)) return undefined;
  let workflowType: unknown = WORKFLOW_EMBEDDING_RUN;
  while (WRAPPERS.has(failure?.name)) {
    workflowType = failure?.workflowType ?? workflowType;
    failure = failure?.cause as FailureLike | undefined;
  }
  const told = toldOutcome(failure);
  if (told !== undefined) return told;
  return workflowType === WORKFLOW_EMBEDDING_RUN ? outcomeOfCause(failure, (error as Error).message) : undefined;
}

/** Where the run could say for itself how it ended. */
function toldOutcome(failure: FailureLike | null | undefined): TypedOutcome | undefined {
  const told = (Array.isArray(failure?.details) ? failure.details[0] : undefined) as RunOutcome | undefined;
  return told?.schema === 1 && told.outcome in EXIT_CODES ? (told as TypedOutcome) : undefined;
}

function outcomeOfCause(failure: FailureLike | null | undefined, wrapperMessage: string): TypedOutcome {
  const message = typeof failure?.message === 'string' ? failure.message : wrapperMessage;
  switch (failure?.name) {
    case 'CancelledFailure':
      return bareOutcome('cancelled', 'cancelled; start again to go on');
    case 'TerminatedFailure':
      return bareOutcome('failed', `terminated: ${message}`);
    case 'ApplicationFailure': {
      const failureType = typeof failure.type === 'string' && failure.type !== '' ? failure.type : 'Unknown';
      return { ...bareOutcome(outcomeOfFailure(failureType), message), failureType };
    }
    default:
      return bareOutcome('failed', message);
  }
}

function bareOutcome(outcome: Outcome, message: string): TypedOutcome {
  const counts = { tasks: 0, found: 0, embedded: 0, failed: 0, skipped: 0, skippedSequences: 0, rows: 0 };
  const told = { schema: 1, outcome, exitCode: EXIT_CODES[outcome], ...counts, message, offenders: [], report: '' };
  return told as unknown as TypedOutcome;
}

/** Whether a failure is of this package: its `type` is one of {@link FailureType}. */
export function isFailureType(type: unknown): type is FailureType {
  return Object.values<unknown>(FailureType).includes(type);
}
