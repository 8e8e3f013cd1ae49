import { WorkflowNotFoundError, type Client, type WorkflowHandle } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { QUERY_PROGRESS, SIGNAL_PAUSE, SIGNAL_RESUME } from '../contract/names.ts';
import type { RunOutcome } from '../contract/outcome.ts';
import type { RunProgress } from '../contract/progress.ts';
import { outcomeOfError, type TypedOutcome } from '../contract/typed-outcome.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { decoding } from '../converter/index.ts';
import { describeExecution, isOpen } from './describe.ts';
import { findFailing, type FailingWorkflow } from './failing-workflows.ts';
import { HistoryKeeper, type HistoryOptions } from './history-keeper.ts';
import { openTasksOfRun } from './open-tasks.ts';
import { pendingWork, type PendingWork } from './pending-work.ts';
import { isPassing } from './passing-errors.ts';
import { findUnserved, queueObserver, type UnservedQueue } from './unserved-queues.ts';

/** A server that is being restarted is asked again; a run of hours must not end because of it. */
const RECONNECT_MS = 2000;
/** How often progress is asked for. */
const PROGRESS_INTERVAL_MS = 1000;

/** Progress of the run with what its open activities say. */
export interface RunStatus extends RunProgress, PendingWork {}

/** How {@link RunHandle.progress} watches. */
export interface WatchOptions {
  /** Ends the watching. */
  signal?: AbortSignal;
  /** @default 1000 */
  intervalMs?: number;
}

/** A run that was started or attached to: made by `startRun` and `attachRun`. */
export class RunHandle {
  readonly workflowId: string;
  /** The run folder; empty for a run that was attached to by its workflow id and never said it. */
  readonly directory: string;
  /** Somebody else had started it. */
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
   * @param signal ends the waiting, not the run; looked at while the server is away
   * @throws only what says nothing about the run, e.g. that the server does not know it any more; VirnucproError
   *   `RunError.InvalidInput` if its outcome is encoded with another data converter
   */
  async result(signal?: AbortSignal): Promise<TypedOutcome> {
    const outcome = await this.#outcome(signal);
    if (outcome.outcome !== 'success') await this.#histories.keep();
    return outcome;
  }

  async #outcome(signal?: AbortSignal): Promise<TypedOutcome> {
    for (;;) {
      try {
        const outcome = await this.#decoding(() => this.#handle().result() as Promise<RunOutcome>);
        return outcome as TypedOutcome;
      } catch (error) {
        const outcome = outcomeOfError(error);
        if (outcome !== undefined) return outcome;
        if (!isPassing(error)) throw error;
        await sleep(RECONNECT_MS, undefined, signal === undefined ? {} : { signal });
      }
    }
  }

  /**
   * Progress about once a second until the run has ended, however it did. Silent while the server or all workers are away.
   *
   * ```ts
   * for await (const { embedded, total, spooledRows } of run.progress()) console.log(embedded, total, spooledRows);
   * ```
   *
   * @throws VirnucproError `RunError.InvalidInput` if the run is encoded with another data converter
   */
  async *progress(options: WatchOptions = {}): AsyncGenerator<RunStatus> {
    const { signal = new AbortController().signal, intervalMs = PROGRESS_INTERVAL_MS } = options;
    while (!signal.aborted) {
      const status = await this.status().catch(rethrowUndecodable);
      if (status !== undefined) yield status;
      if (status?.phase === 'done' || (await this.#hasEnded())) return;
      await sleep(intervalMs, undefined, { signal }).catch(() => {});
    }
  }

  [Symbol.asyncIterator](): AsyncGenerator<RunStatus> {
    return this.progress();
  }

  /**
   * Where the run is now.
   *
   * @throws VirnucproError `RunError.InvalidInput` if the run is encoded with another data converter; Temporal's errors if
   *   no worker or server answers
   */
  async status(): Promise<RunStatus> {
    const [progress, work] = await Promise.all([
      this.#decoding(() => this.#handle().query<RunProgress>(QUERY_PROGRESS)),
      this.#decoding(async () =>
        pendingWork(await openTasksOfRun(this.#client, this.workflowId), this.#client.options.loadedDataConverter),
      ),
    ]);
    return { ...progress, ...work };
  }

  /**
   * Queues on which tasks of this run wait and that no worker serves; the run goes on when one comes. Needs no worker to
   * answer. A worker whose slots are all taken is not a missing one. A queue that was never polled is found after 10 s, the
   * death of the last worker within 80 s.
   */
  unservedQueues(): Promise<UnservedQueue[]> {
    return findUnserved(queueObserver(this.#client, this.workflowId), Date.now());
  }

  /**
   * Workflows of this run that workers have in hand and fail to go on with, e.g. since they lack its data converter. The run
   * waits for a better worker, and answers no query meanwhile; this does.
   */
  failingWorkflows(): Promise<FailingWorkflow[]> {
    return findFailing(this.#client, this.workflowId);
  }

  /** Asks the run to stop: open tasks flush their rows, spools are kept. */
  async cancel(): Promise<void> {
    await this.#handle().cancel();
  }

  /** Running tasks finish, none starts. */
  async pause(): Promise<void> {
    await this.#handle().signal(SIGNAL_PAUSE);
  }

  /** Goes on with a run that is paused. */
  async resume(): Promise<void> {
    await this.#handle().signal(SIGNAL_RESUME);
  }

  /** A run that was terminated, or whose workers are gone, does not answer any more: the server knows. */
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
