import { FailureType } from './failure-types.ts';
import { WORKFLOW_EMBEDDING_RUN, WORKFLOW_PREDICT_VIRUS } from './names.ts';
import { EXIT_CODES, outcomeOfFailure, type Outcome, type RunOutcome } from './outcome.ts';
import type { EmbeddingTotals, PredictionOutcome } from './prediction.ts';

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

/** Every input has complete results. */
export type PredictionSuccess = PredictionOutcome & { outcome: 'success'; exitCode: 0 };
/** Results without parts or sequences that could not be embedded, or whose checkpoints were skipped. */
export type PredictionPartial = PredictionOutcome & { outcome: 'partial'; exitCode: 2 };
/** Stopped on a corrupted or incompatible file: a checkpoint, an output of a stage, the classifier. */
export type PredictionStoppedOnCheckpoint = PredictionOutcome & {
  outcome: 'checkpoint';
  exitCode: 3;
  failureType: string;
};
/** Bad request, no input, folder not usable, or ended from outside: then without a `failureType`. */
export type PredictionFailed = PredictionOutcome & { outcome: 'failed'; exitCode: 1 };
/** Cancelled; what the stages have written is kept. */
export type PredictionCancelled = PredictionOutcome & { outcome: 'cancelled'; exitCode: 130 };

/** How a prediction ended: a {@link PredictionOutcome} that `switch (outcome.outcome)` narrows. */
export type TypedPredictionOutcome =
  PredictionSuccess | PredictionPartial | PredictionStoppedOnCheckpoint | PredictionFailed | PredictionCancelled;

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
  return outcomeOf(error, EMBEDDING_RUN) as TypedOutcome | undefined;
}

/**
 * The outcome of a prediction that ended as an error, as {@link outcomeOfError} tells that of an embedding run. Safe in a
 * workflow.
 *
 * @returns undefined for an error that is not the end of a prediction: throw it on
 */
export function predictionOutcomeOfError(error: unknown): TypedPredictionOutcome | undefined {
  return outcomeOf(error, PREDICTION) as TypedPredictionOutcome | undefined;
}

/** A kind of workflow that says in its failure how it ended. */
interface Telling {
  workflowType: string;
  /** A field of its outcome that the other kind does not have. */
  mark: string;
  /** Of an outcome of which no more is known. */
  counts: object;
}

const NOTHING_EMBEDDED: EmbeddingTotals = {
  tasks: 0,
  found: 0,
  embedded: 0,
  failed: 0,
  skipped: 0,
  skippedSequences: 0,
  rows: 0,
};

const EMBEDDING_RUN: Telling = { workflowType: WORKFLOW_EMBEDDING_RUN, mark: 'tasks', counts: NOTHING_EMBEDDED };

const PREDICTION: Telling = {
  workflowType: WORKFLOW_PREDICT_VIRUS,
  mark: 'predicted',
  counts: {
    inputs: 0,
    predicted: 0,
    contigs: 0,
    viralContigs: 0,
    chunks: 0,
    viralChunks: 0,
    sequences: 0,
    embedding: NOTHING_EMBEDDED,
  },
};

function outcomeOf(error: unknown, telling: Telling): object | undefined {
  let failure = error as FailureLike | null | undefined;
  if (!WRAPPERS.has(failure?.name)) return undefined;
  let workflowType: unknown = telling.workflowType;
  while (WRAPPERS.has(failure?.name)) {
    workflowType = failure?.workflowType ?? workflowType;
    failure = failure?.cause as FailureLike | undefined;
  }
  const told = toldOutcome(failure, telling);
  if (told !== undefined) return told;
  if (workflowType !== telling.workflowType) return undefined;
  return outcomeOfCause(failure, (error as Error).message, telling);
}

/** Where the workflow could say for itself how it ended. */
function toldOutcome(failure: FailureLike | null | undefined, { mark }: Telling): object | undefined {
  const told = (Array.isArray(failure?.details) ? failure.details[0] : undefined) as Partial<RunOutcome> | undefined;
  return told?.schema === 1 && `${told.outcome}` in EXIT_CODES && mark in told ? told : undefined;
}

function outcomeOfCause(failure: FailureLike | null | undefined, wrapperMessage: string, { counts }: Telling): object {
  const bareOutcome = (outcome: Outcome, told: string) => ({
    schema: 1,
    outcome,
    exitCode: EXIT_CODES[outcome],
    ...counts,
    message: told,
    offenders: [],
    report: '',
  });
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

/** Whether a failure is of this package: its `type` is one of {@link FailureType}. */
export function isFailureType(type: unknown): type is FailureType {
  return Object.values<unknown>(FailureType).includes(type);
}
