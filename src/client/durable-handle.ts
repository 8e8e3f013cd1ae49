import { WorkflowNotFoundError, type Client, type WorkflowHandle } from '@temporalio/client';
import type { LoadedDataConverter } from '@temporalio/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { QUERY_PROGRESS, SIGNAL_PAUSE, SIGNAL_RESUME } from '../contract/names.ts';
import type { Outcome } from '../contract/outcome.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { decoding } from '../converter/index.ts';
import { describeExecution, isOpen } from './describe.ts';
import { findFailing, type FailingWorkflow } from './failing-workflows.ts';
import { HistoryKeeper, type HistoryOptions } from './history-keeper.ts';
import { openTasksOfRun, type OpenTask } from './open-tasks.ts';
import { isPassing } from './passing-errors.ts';
import { findUnserved, queueObserver, type UnservedQueue } from './unserved-queues.ts';

/** A server that is being restarted is asked again; a run of hours must not end because of it. */
const RECONNECT_MS = 2000;
/** How often progress is asked for. */
const PROGRESS_INTERVAL_MS = 1000;

/** How `progress` of a handle watches. */
export interface WatchOptions {
  /** Ends the watching. */
  signal?: AbortSignal;
  /** @default 1000 */
  intervalMs?: number;
}

/** A workflow of ours on a server, as it was started or found there. */
export interface FollowedWorkflow {
  workflowId: string;
  /** Of its first execution, where known: keeps a later workflow of the same id apart. */
  firstRunId: string | undefined;
  /** Its folder; empty for one that was attached to by its workflow id and never said it. */
  directory: string;
  /** Somebody else had started it. */
  attached: boolean;
}

/** What a run and a prediction have in common for those who wait for them. */
export abstract class DurableHandle<TOutcome extends { outcome: Outcome }, TStatus extends { phase: string }> {
  readonly workflowId: string;
  /** The folder; empty for a workflow that was attached to by its workflow id and never said it. */
  readonly directory: string;
  /** Somebody else had started it. */
  readonly attached: boolean;
  readonly #client: Client;
  readonly #firstRunId: string | undefined;
  readonly #histories: HistoryKeeper;

  constructor(client: Client, workflow: FollowedWorkflow, options: HistoryOptions = {}) {
    const { workflowId, firstRunId, directory, attached } = workflow;
    this.#client = client;
    this.#histories = new HistoryKeeper(client, workflowId, directory, options);
    this.workflowId = workflowId;
    this.directory = directory;
    this.attached = attached;
    this.#firstRunId = firstRunId;
  }

  /**
   * Where it is now.
   *
   * @throws VirnucproError `RunError.InvalidInput` if it is encoded with another data converter; Temporal's errors if no
   *   worker or server answers
   */
  abstract status(): Promise<TStatus>;

  /** The outcome that an error of the workflow stands for; undefined if it is no end of it. */
  protected abstract outcomeOf(error: unknown): TOutcome | undefined;

  /**
   * Waits for the end and gives the outcome, whatever it is: failures do not throw. Unless it is `success`, the histories of
   * the workflow and of its child workflows that did not complete are stored in DIR first, since servers forget closed
   * workflows; see {@link HistoryOptions}.
   *
   * @param signal ends the waiting, not the workflow; looked at while the server is away
   * @throws only what says nothing about the workflow, e.g. that the server does not know it any more; VirnucproError
   *   `RunError.InvalidInput` if its outcome is encoded with another data converter
   */
  async result(signal?: AbortSignal): Promise<TOutcome> {
    const outcome = await this.#outcome(signal);
    if (outcome.outcome !== 'success') await this.#histories.keep();
    return outcome;
  }

  async #outcome(signal?: AbortSignal): Promise<TOutcome> {
    for (;;) {
      try {
        return (await this.#decoding(() => this.#handle().result())) as TOutcome;
      } catch (error) {
        const outcome = this.outcomeOf(error);
        if (outcome !== undefined) return outcome;
        if (!isPassing(error)) throw error;
        await sleep(RECONNECT_MS, undefined, signal === undefined ? {} : { signal });
      }
    }
  }

  /**
   * Progress about once a second until the end, however it ends; the last one is `done` where the workflow could finish and a
   * worker answers. Silent while the server or all workers are away.
   *
   * ```ts
   * for await (const { phase, spooledRows } of handle.progress()) console.log(phase, spooledRows);
   * ```
   *
   * @throws VirnucproError `RunError.InvalidInput` if it is encoded with another data converter
   */
  async *progress(options: WatchOptions = {}): AsyncGenerator<TStatus> {
    const { signal = new AbortController().signal, intervalMs = PROGRESS_INTERVAL_MS } = options;
    while (!signal.aborted) {
      const status = await this.status().catch(rethrowUndecodable);
      if (status !== undefined) yield status;
      if (status?.phase === 'done') return;
      if (await this.#hasEnded()) {
        // It may have ended since it was asked. Without an answer then there was no worker, which may stay so.
        const last = status && (await this.status().catch(rethrowUndecodable));
        if (last?.phase === 'done') yield last;
        return;
      }
      await sleep(intervalMs, undefined, { signal }).catch(() => {});
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<TStatus> {
    return this.progress();
  }

  /**
   * Queues on which tasks of it wait and that no worker serves; it goes on when one comes. Needs no worker to answer. A worker
   * whose slots are all taken is not a missing one. A queue that was never polled is found after 10 s, the death of the last
   * worker within 80 s.
   */
  unservedQueues(): Promise<UnservedQueue[]> {
    return findUnserved(queueObserver(this.#client, this.workflowId), Date.now());
  }

  /** Queues on which a task of it waits now, served or not. */
  async waitingQueues(): Promise<Set<string>> {
    const tasks = await openTasksOfRun(this.#client, this.workflowId);
    return new Set(tasks.flatMap(({ queue, state }) => (state === 'waiting' && queue !== undefined ? [queue] : [])));
  }

  /**
   * Workflows of it that workers have in hand and fail to go on with, e.g. since they lack its data converter. It waits for a
   * better worker, and answers no query meanwhile; this does.
   */
  failingWorkflows(): Promise<FailingWorkflow[]> {
    return findFailing(this.#client, this.workflowId);
  }

  /** Asks it to stop: open tasks flush their rows, spools are kept. */
  async cancel(): Promise<void> {
    await this.#handle().cancel();
  }

  /** Running tasks finish, none starts. */
  async pause(): Promise<void> {
    await this.#handle().signal(SIGNAL_PAUSE);
  }

  /** Goes on with what is paused. */
  async resume(): Promise<void> {
    await this.#handle().signal(SIGNAL_RESUME);
  }

  /** What the workflow itself, or one of its children, answers to the query `progress`. */
  protected query<T>(workflowId: string = this.workflowId): Promise<T> {
    const handle = workflowId === this.workflowId ? this.#handle() : this.#client.workflow.getHandle(workflowId);
    return this.#decoding(() => handle.query<T>(QUERY_PROGRESS));
  }

  /** Reads what its open activities and those of its open child workflows say. */
  protected fromOpenTasks<T>(
    read: (tasks: readonly OpenTask[], converter: LoadedDataConverter) => Promise<T>,
  ): Promise<T> {
    return this.#decoding(async () =>
      read(await openTasksOfRun(this.#client, this.workflowId), this.#client.options.loadedDataConverter),
    );
  }

  /** A workflow that was terminated, or whose workers are gone, does not answer any more: the server knows. */
  async #hasEnded(): Promise<boolean> {
    try {
      return !isOpen(await describeExecution(this.#client, { workflowId: this.workflowId }));
    } catch (error) {
      return error instanceof WorkflowNotFoundError;
    }
  }

  #decoding<T>(read: () => Promise<T>): Promise<T> {
    return decoding(`what workflow ${this.workflowId} says`, read);
  }

  /** Follows continue-as-new: the first run id, where known, keeps a later run of the same id apart. */
  #handle(): WorkflowHandle {
    const following = this.#firstRunId === undefined ? {} : { firstExecutionRunId: this.#firstRunId };
    return this.#client.workflow.getHandle(this.workflowId, undefined, following);
  }
}

function rethrowUndecodable(error: unknown): undefined {
  if (error instanceof VirnucproError) throw error;
  return undefined;
}
