import type { FailureType } from './failure-types.ts';
import type { Outcome } from './outcome.ts';
import type { RunReference } from './run-request.ts';

/**
 * Told what the activities of a worker do, as it happens and in the activity's own thread: an observer must return within
 * microseconds and keep what it wants to do with an event for later. What it throws is logged once and otherwise ignored.
 */
export interface ActivityObserver {
  observe(event: ActivityEvent): void;
}

/** One attempt of an activity. The same object in all of its events, so observers may keep things by it (WeakMap). */
export interface ObservedAttempt {
  /** Wire name: `embedFile`, `saveCheckpoint`, … */
  readonly activity: string;
  readonly activityId: string;
  /** From 1; Activity Reset sets it back. */
  readonly attempt: number;
  readonly taskQueue: string;
  /** Of the workflow that the activity works for: a partition's, where it is one of ours. */
  readonly workflowId: string;
  /** Temporal's run id of that workflow, not the run UUID of run.json. */
  readonly workflowRunId: string;
  /** Run folder and run UUID; absent in validateCheckpoint and checkCompatibility, and where the input cannot be read. */
  readonly run?: RunReference;
  /** Of embedFile and saveCheckpoint, once the plan has been read: absent in `attempt-begun`. */
  readonly task?: ObservedTask;
}

/** A task of a plan: one input, or part of one, with one embedder. */
export interface ObservedTask {
  /** SHA-256 of the plan. */
  readonly plan: string;
  /** Of the task in the plan, from 0. */
  readonly index: number;
  /** Relative to the run folder. */
  readonly checkpoint: string;
  /** Absolute. */
  readonly input: string;
  readonly embedder: string;
  /** Rows that the task needs. */
  readonly rows: number;
}

interface EventBase {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly attempt: ObservedAttempt;
}

/** Always the first event of an attempt. */
export interface AttemptBegun extends EventBase {
  readonly type: 'attempt-begun';
}

/**
 * - `embedded`, `found`: embedFile has made the rows, or its checkpoint was there by then.
 * - `completed`: any other activity has done its work.
 * - `handed-back`: the worker shuts down, or the activity is paused; durable rows are kept for the next attempt.
 * - `overtaken`: the server has given the attempt up, or another attempt has taken the task over.
 * - `lost-device`: the embedder's device is gone; another worker has to take the task.
 */
export type AttemptResult =
  'embedded' | 'found' | 'completed' | 'failed' | 'handed-back' | 'overtaken' | 'cancelled' | 'lost-device';

/** Always the last event of an attempt, unless its process dies. */
export interface AttemptEnded extends EventBase {
  readonly type: 'attempt-ended';
  readonly result: AttemptResult;
  /** Since `attempt-begun`. */
  readonly seconds: number;
  /** A `FailureType` where the attempt has failed with one of them. */
  readonly failureType?: FailureType;
  /** Why it failed; at most 1 KiB. */
  readonly message?: string;
}

/** embedFile has opened the spool of its task. */
export interface TaskOpened extends EventBase {
  readonly type: 'task-opened';
  /** Counts the attempts that have opened this spool, over all runs, from 1. */
  readonly epoch: number;
  /** Rows that earlier attempts have left there. */
  readonly durableRows: number;
}

/** The embedder is there: started, or found running. */
export interface EmbedderReady extends EventBase {
  readonly type: 'embedder-ready';
  /** Waited for it; loading a model is most of that. */
  readonly seconds: number;
  /** What it computes with, where it says so: `torch`, `device`. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The embedder has answered for one batch. */
export interface BatchEmbedded extends EventBase {
  readonly type: 'batch-embedded';
  /** Rows that it gave. */
  readonly rows: number;
  /** Letters of the sequences that it was given. */
  readonly letters: number;
  /** From asking to the answer; waiting for other batches on the same device is part of it. */
  readonly seconds: number;
  /** What a model says of its own work; absent for embedders that count none. */
  readonly cost?: BatchCost;
}

/** What a model counts while it embeds a batch. */
export interface BatchCost {
  /** Tokens of the sequences, special ones included. */
  readonly tokens: number;
  /** The same with padding: what the device has computed. */
  readonly paddedTokens: number;
  readonly deviceSeconds: number;
  /** Batches on the device that were out of memory and were computed in halves. */
  readonly halvings: number;
}

/** The embedder was out of memory: the batch, and those after it, are made smaller by the worker. */
export interface BatchHalved extends EventBase {
  readonly type: 'batch-halved';
  /** Of the batch that did not fit; 1: the sequence does not fit even alone. */
  readonly rows: number;
}

/**
 * Rows are computed that may have been computed before without becoming durable.
 *
 * - `retried`: given to the embedder again by the same attempt, after it has failed or died.
 * - `resumed`: the first batch of an attempt that goes on where another has ended: what that one may have had in flight.
 */
export interface RowsRecomputed extends EventBase {
  readonly type: 'rows-recomputed';
  readonly cause: 'retried' | 'resumed';
  /** At most so many. */
  readonly rows: number;
}

/** Rows count from now on: a kill cannot lose them any more. */
export interface RowsDurable extends EventBase {
  readonly type: 'rows-durable';
  readonly rows: number;
  /** Bytes that they take in the spool. */
  readonly bytes: number;
  /** Rows of the task that are durable now. */
  readonly durableRows: number;
}

/** The run goes on without a sequence that cannot be embedded. */
export interface SequenceSkipped extends EventBase {
  readonly type: 'sequence-skipped';
  readonly id: string;
}

/** saveCheckpoint has put the checkpoint of its task in its place, or found it there. */
export interface CheckpointSaved extends EventBase {
  readonly type: 'checkpoint-saved';
  readonly outcome: 'published' | 'existing';
  /** Relative to the run folder. */
  readonly path: string;
  readonly bytes: number;
  readonly rows: number;
  /** Lower-case hex SHA-256 of the file. */
  readonly sha256: string;
  /** Waiting for a free thread, reading the spool, writing, reading back and three fsyncs. */
  readonly seconds: number;
}

/** A checkpoint file was judged: by planRun, finishRun or validateCheckpoint, as `attempt.activity` says. */
export interface CheckpointValidated extends EventBase {
  readonly type: 'checkpoint-validated';
  /** Absolute. */
  readonly path: string;
  /** `trusted`: content was not looked at (`--skip-checkpoint-validation`). */
  readonly level: 'header' | 'structure' | 'deep' | 'trusted';
  readonly result: 'valid' | 'corrupted' | 'incompatible' | 'unavailable';
  /** E.g. `CRC_MISMATCH`; absent for a valid file. */
  readonly code?: string;
  /** Small files are judged together in one thread, and this is then the mean of them; waiting for the thread included. */
  readonly seconds: number;
}

/** planRun has cut the tasks; counts as in `PlanSummary`. */
export interface RunPlanned extends EventBase {
  readonly type: 'run-planned';
  readonly total: number;
  readonly found: number;
  readonly pending: number;
  readonly skipped: number;
  readonly bad: number;
}

/** finishRun has written the report; counts as in `RunOutcome`. */
export interface RunFinished extends EventBase {
  readonly type: 'run-finished';
  readonly outcome: Outcome;
  readonly tasks: number;
  readonly found: number;
  readonly embedded: number;
  readonly failed: number;
  readonly skipped: number;
  readonly rows: number;
}

/** finishPrediction has written the report; counts as in `PredictionOutcome`. */
export interface PredictionFinished extends EventBase {
  readonly type: 'prediction-finished';
  readonly outcome: Outcome;
  readonly inputs: number;
  readonly predicted: number;
  readonly sequences: number;
}

export type ActivityEvent =
  | AttemptBegun
  | AttemptEnded
  | TaskOpened
  | EmbedderReady
  | BatchEmbedded
  | BatchHalved
  | RowsRecomputed
  | RowsDurable
  | SequenceSkipped
  | CheckpointSaved
  | CheckpointValidated
  | RunPlanned
  | RunFinished
  | PredictionFinished;

type WithoutBase<Event> = Event extends EventBase ? Omit<Event, keyof EventBase> : never;

/** An event before it is known when and in which attempt it happens. */
export type ActivityEventBody = WithoutBase<ActivityEvent>;
