import type { Client } from '@temporalio/client';
import type { HistoryOptions, WatchOptions } from '../../client/index.ts';
import type { FailingWorkflow, UnservedQueue } from '../../client/index.ts';
import type { Ending } from './ending.ts';
import type { Progress } from './progress-view.ts';

/** What a session needs of the workflow that it watches; a handle of the client has it. */
export interface WatchedRun<TStatus, TOutcome> {
  readonly workflowId: string;
  readonly attached: boolean;
  status(): Promise<TStatus>;
  progress(options: WatchOptions): AsyncIterable<TStatus>;
  result(signal: AbortSignal): Promise<TOutcome>;
  cancel(): Promise<void>;
  unservedQueues(): Promise<UnservedQueue[]>;
  failingWorkflows(): Promise<FailingWorkflow[]>;
  waitingQueues(): Promise<Set<string>>;
}

/** How a session tunes what it runs on a server of its own. */
export interface LocalTuning {
  heartbeatTimeoutMs: number;
}

/** A workflow whose folder is there and that can be started. */
export interface PreparedJob<TStatus, TOutcome> {
  workflowId: string;
  /** Of run.json. */
  runId: string;
  start(client: Client, options: HistoryOptions): Promise<WatchedRun<TStatus, TOutcome>>;
}

/** What differs between the commands that have a session. */
export interface SessionJob<TStatus extends { troubles: string[] }, TOutcome, TResult> {
  /** Its folder as the user has named it. */
  readonly out: string;
  /** What it is called in messages: `run`, `prediction`. */
  readonly noun: string;
  /** Embedders that workers of this command are to serve. */
  readonly embedders: readonly string[];
  /**
   * Whether an embedder that cannot work on this machine ends the command at the start, or only when a task needs it.
   */
  readonly needsEmbedders: 'at once' | 'when asked for';
  prepare(tuning: LocalTuning | undefined): Promise<PreparedJob<TStatus, TOutcome>>;
  /** How far a job is that somebody else has started: `3/4 done`. */
  describeAttached(status: TStatus): string;
  /** What the user is told once. */
  news(status: TStatus): string[];
  /** What the user is told at the end if there was no news: a short job may be over before it was asked how it gets on. */
  lateNews(): Promise<string | undefined>;
  progressOf(status: TStatus): Progress;
  finalProgress(outcome: TOutcome): Progress;
  resultOf(outcome: TOutcome, ending: Ending): Promise<TResult>;
  resultOfLeaving(outcome: 'started' | 'cancelled' | null, exitCode: number, ending: Ending): TResult;
}
