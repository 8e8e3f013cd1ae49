import {
  isGrpcServiceError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  type Client,
  type WorkflowHandle,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { QUERY_PROGRESS, SIGNAL_PAUSE, SIGNAL_RESUME } from '../contract/names.ts';
import { EXIT_CODES, outcomeOfFailure, type Outcome, type RunOutcome } from '../contract/outcome.ts';
import type { RunProgress } from '../contract/progress.ts';
import { HistoryKeeper, type HistoryOptions } from './history-keeper.ts';
import { openTasksOfRun } from './open-tasks.ts';
import { pendingWork, type PendingWork } from './pending-work.ts';
import { findUnserved, queueObserver, type UnservedQueue } from './unserved-queues.ts';

/** A server that is being restarted is asked again; a run of hours must not end because of it. */
const RECONNECT_MS = 2000;
/** How often progress is asked for. */
const PROGRESS_INTERVAL_MS = 1000;

/** Progress of the run with what its open activities say. */
export interface RunStatus extends RunProgress, PendingWork {}

/** A run that was started or attached to. */
export class RunHandle {
  readonly workflowId: string;
  readonly directory: string;
  /** The run was open already, with the same request. */
  readonly attached: boolean;
  readonly #client: Client;
  readonly #firstRunId: string | undefined;
  readonly #histories: HistoryKeeper;

  constructor(
    client: Client,
    workflowId: string,
    firstRunId: string | undefined,
    directory: string,
    attached: boolean,
    options: HistoryOptions = {},
  ) {
    this.#client = client;
    this.#histories = new HistoryKeeper(client, workflowId, directory, options);
    this.workflowId = workflowId;
    this.directory = directory;
    this.attached = attached;
    this.#firstRunId = firstRunId;
  }

  /**
   * Waits for the end of the run and gives its outcome, whatever it is: failed runs do not throw. Unless it is `success`,
   * the histories of the run and of its partitions that did not complete are stored in DIR first, since servers forget
   * closed workflows; see {@link HistoryOptions}.
   *
   * @throws only what says nothing about the run, e.g. that the server does not know it any more
   */
  async result(signal?: AbortSignal): Promise<RunOutcome> {
    const outcome = await this.#outcome(signal);
    if (outcome.outcome !== 'success') await this.#histories.keep();
    return outcome;
  }

  async #outcome(signal?: AbortSignal): Promise<RunOutcome> {
    for (;;) {
      try {
        return (await this.#handle().result()) as RunOutcome;
      } catch (error) {
        if (error instanceof WorkflowFailedError) return outcomeOf(error);
        if (!isGrpcServiceError(error) || error instanceof WorkflowNotFoundError) throw error;
        await sleep(RECONNECT_MS, undefined, signal === undefined ? {} : { signal });
      }
    }
  }

  /** Progress about once a second until the run has ended or the signal fires. Silent while the server or all workers are away. */
  async *progress(signal: AbortSignal): AsyncGenerator<RunStatus> {
    while (!signal.aborted) {
      const status = await this.status().catch(() => undefined);
      if (status !== undefined) yield status;
      if (status?.phase === 'done') return;
      await sleep(PROGRESS_INTERVAL_MS, undefined, { signal }).catch(() => {});
    }
  }

  /** Where the run is now. */
  async status(): Promise<RunStatus> {
    const [progress, tasks] = await Promise.all([
      this.#handle().query<RunProgress>(QUERY_PROGRESS),
      openTasksOfRun(this.#client, this.workflowId),
    ]);
    return { ...progress, ...pendingWork(tasks) };
  }

  /**
   * Queues on which tasks of this run wait and that no worker serves; the run goes on when one comes. Needs no worker to
   * answer. A worker whose slots are all taken is not a missing one. A queue that was never polled is found after 10 s, the
   * death of the last worker within 80 s.
   */
  unservedQueues(): Promise<UnservedQueue[]> {
    return findUnserved(queueObserver(this.#client, this.workflowId), Date.now());
  }

  /** Asks the run to stop: open tasks flush their rows, spools are kept. */
  async cancel(): Promise<void> {
    await this.#handle().cancel();
  }

  /** Running tasks finish, none starts. */
  async pause(): Promise<void> {
    await this.#handle().signal(SIGNAL_PAUSE);
  }

  async resume(): Promise<void> {
    await this.#handle().signal(SIGNAL_RESUME);
  }

  /** Follows continue-as-new: the first run id, where known, keeps a later run of the same id apart. */
  #handle(): WorkflowHandle {
    const following = this.#firstRunId === undefined ? {} : { firstExecutionRunId: this.#firstRunId };
    return this.#client.workflow.getHandle(this.workflowId, undefined, following);
  }
}

function outcomeOf(error: WorkflowFailedError): RunOutcome {
  const { cause } = error;
  if (cause instanceof CancelledFailure) return bareOutcome('cancelled', 'cancelled; start again to go on');
  if (cause instanceof TerminatedFailure) return bareOutcome('failed', `terminated: ${cause.message}`);
  if (!(cause instanceof ApplicationFailure)) return bareOutcome('failed', cause?.message ?? error.message);
  const outcome = cause.details?.[0] as RunOutcome | undefined;
  if (outcome?.schema === 1) return outcome;
  return { ...bareOutcome(outcomeOfFailure(cause.type ?? ''), cause.message), failureType: cause.type ?? 'Unknown' };
}

function bareOutcome(outcome: Outcome, message: string): RunOutcome {
  const counts = { tasks: 0, found: 0, embedded: 0, failed: 0, skipped: 0, skippedSequences: 0, rows: 0 };
  return { schema: 1, outcome, exitCode: EXIT_CODES[outcome], ...counts, message, offenders: [], report: '' };
}
