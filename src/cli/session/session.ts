import { connectClient, type ConnectionSettings } from '../../client/index.ts';
import { embedderFactory, requireEmbedders } from '../../embedders/index.ts';
import type { Tracing } from '../../observe/index.ts';
import { configuredServer } from '../../server/index.ts';
import { converterOf } from '../data-converter.ts';
import { EXIT_SIGINT, EXIT_SIGTERM, messageOf } from '../exit.ts';
import { tracingOf } from '../otel.ts';
import type { Backend, StartedBackend } from './backend.ts';
import { configuredBackend } from './configured-backend.ts';
import type { Ending } from './ending.ts';
import { followRun } from './follow-run.ts';
import { localBackend } from './local-backend.ts';
import { watchMissingEmbedders } from './missing-embedders.ts';
import { progressView } from './progress-view.ts';
import type { SessionFlags } from './session-flags.ts';
import type { SessionJob, WatchedRun } from './session-job.ts';
import { listenToSignals } from './signals.ts';
import { watchWorkers } from './worker-watch.ts';

/** A run whose server and workers are this command's own hears of a dead worker sooner. */
const LOCAL_HEARTBEAT_TIMEOUT_MS = 5000;

/** The user has asked the command to end while its run goes on, or is to be taken up later. */
class Leave extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('the command was asked to end');
    this.exitCode = exitCode;
  }
}

/** One call of `virnucpro embed` or `predict`: a backend, a workflow on it, and what the user does meanwhile. */
export class Session<TStatus extends { troubles: string[] }, TOutcome, TResult> {
  readonly #job: SessionJob<TStatus, TOutcome, TResult>;
  readonly #flags: SessionFlags;
  readonly #startedAt: number;
  readonly #ended = new AbortController();
  readonly #leaving = new AbortController();
  /** Rejects with a {@link Leave}. */
  readonly #leave: Promise<never>;
  #workflowId: string | null = null;
  #backend: Backend | undefined;
  #run: WatchedRun<TStatus, TOutcome> | undefined;
  #tracing: Tracing | undefined;

  constructor(job: SessionJob<TStatus, TOutcome, TResult>, flags: SessionFlags, startedAt: number) {
    this.#job = job;
    this.#flags = flags;
    this.#startedAt = startedAt;
    const { signal } = this.#leaving;
    this.#leave = new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    this.#leave.catch(() => {});
  }

  async run(): Promise<TResult> {
    const stopListening = listenToSignals({
      onInterrupt: () => this.#interrupt(),
      onTerminate: () => {
        this.#say('ending: rows at hand are made durable; start the same command again to go on');
        this.#leaveWith(EXIT_SIGTERM);
      },
      onQuit: () => {
        this.#backend?.kill();
        process.exit(EXIT_SIGINT);
      },
    });
    try {
      return await this.#runOnBackend();
    } catch (error) {
      if (!(error instanceof Leave)) throw error;
      return this.#left(error.exitCode);
    } finally {
      this.#ended.abort();
      await this.#backend?.stop();
      await this.#tracing?.stop();
      stopListening();
    }
  }

  async #runOnBackend(): Promise<TResult> {
    if (this.#hasOwnWorkers() && this.#job.needsEmbedders === 'at once') requireEmbedders(this.#job.embedders);
    const converter = await converterOf(this.#flags);
    this.#tracing = await tracingOf(this.#flags, (message) => this.#say(message));
    const prepared = await this.#job.prepare(this.#tuning());
    this.#workflowId = prepared.workflowId;
    const backend = await this.#startBackend(prepared.runId);
    const interceptors = this.#tracing && { interceptors: { workflow: this.#tracing.clientInterceptors } };
    const client = await connectClient(backend.settings, { ...converter, ...interceptors });
    this.#leaving.signal.throwIfAborted();
    const start = { warn: (message: string) => this.#say(message) };
    const run = await Promise.race([prepared.start(client, start), this.#leave]);
    this.#run = run;
    await this.#sayStarted(run, backend);
    if (this.#flags.detach === true) return this.#job.resultOfLeaving('started', 0, this.#ending());
    const outcome = await this.#watch(run, backend);
    return this.#job.resultOf(outcome, this.#ending());
  }

  #tuning() {
    return isServerConfigured() ? undefined : { heartbeatTimeoutMs: LOCAL_HEARTBEAT_TIMEOUT_MS };
  }

  #hasOwnWorkers(): boolean {
    return !isServerConfigured() || this.#flags.withWorkers === true;
  }

  /** Held before it is waited for: a second Ctrl-C finds what is being started. */
  async #startBackend(runId: string): Promise<StartedBackend> {
    const { signal } = this.#leaving;
    signal.throwIfAborted();
    this.#backend = this.#makeBackend(runId);
    try {
      return await this.#backend.start(signal);
    } catch (error) {
      // Ctrl-C at a terminal ends the programs that get or make the server, too.
      signal.throwIfAborted();
      throw error;
    }
  }

  #makeBackend(runId: string): Backend {
    const embedders = [...new Set(this.#job.embedders)].filter((name) => this.#isServable(name));
    const log = (line: string) => this.#say(line);
    return isServerConfigured()
      ? configuredBackend(runId, embedders, this.#flags.withWorkers ?? false, this.#flags, log)
      : localBackend(runId, embedders, this.#flags, log);
  }

  #isServable(embedder: string): boolean {
    const missing = this.#hasOwnWorkers() ? embedderFactory(embedder).missing?.() : undefined;
    if (missing === undefined) return true;
    this.#say(`${embedder} cannot be computed here, which matters only if a checkpoint of it is missing`);
    return false;
  }

  async #sayStarted(run: WatchedRun<TStatus, TOutcome>, { uiUrl, settings }: StartedBackend): Promise<void> {
    if (uiUrl !== undefined)
      this.#say(`Temporal UI: ${uiUrl}/namespaces/${settings.namespace}/workflows/${run.workflowId}`);
    if (!run.attached) {
      this.#say(`Started ${run.workflowId}`);
      return;
    }
    const status = await run.status().catch(() => undefined);
    this.#say(`Attached to ${run.workflowId}${status === undefined ? '' : `: ${this.#job.describeAttached(status)}`}`);
  }

  #watch(run: WatchedRun<TStatus, TOutcome>, backend: StartedBackend): Promise<TOutcome> {
    const view = progressView(this.#flags.progress && this.#flags.json !== true, process.stderr);
    const hopeless = [...this.#watchWorkers(run, backend.settings), backend.stuck ?? this.#leave, this.#leave];
    const say = (line: string) => this.#say(line);
    return followRun({ run, job: this.#job, view, hopeless, ended: this.#ended, say });
  }

  /** Promises that only ever reject: when there is no point in waiting any longer. */
  #watchWorkers(run: WatchedRun<TStatus, TOutcome>, settings: ConnectionSettings): Promise<never>[] {
    const { signal } = this.#ended;
    const leave = () => this.#leave;
    const watched = watchWorkers({ ...this.#watchOptions(run, settings) }, signal);
    if (this.#backend?.ownsServer !== true) return [watched.then(leave)];
    const missing = watchMissingEmbedders(this.#job.embedders, () => run.waitingQueues(), signal);
    return [watched.then(leave), missing.then(leave)];
  }

  #watchOptions(run: WatchedRun<TStatus, TOutcome>, settings: ConnectionSettings) {
    return {
      unserved: () => run.unservedQueues(),
      failing: () => run.failingWorkflows(),
      settings,
      log: (line: string) => this.#say(line),
      ...(this.#flags.waitForWorkers === undefined ? {} : { waitSeconds: this.#flags.waitForWorkers }),
    };
  }

  #interrupt(): void {
    const run = this.#run;
    const { noun, out } = this.#job;
    if (run === undefined) {
      this.#say('ending as soon as what is under way has come to its end (Ctrl-C again quits at once)');
      this.#leaveWith(EXIT_SIGINT);
      return;
    }
    if (run.attached && this.#backend?.hostsWorkers !== true) {
      this.#say(`detached; stop the ${noun} with  virnucpro cancel ${out}`);
      this.#leaveWith(EXIT_SIGINT);
      return;
    }
    this.#say('cancelling: durable rows are kept (Ctrl-C again quits at once); start the same command again to go on');
    run.cancel().catch((error: unknown) => {
      this.#say(`the ${noun} could not be cancelled: ${messageOf(error)}`);
      this.#leaveWith(EXIT_SIGINT);
    });
  }

  #leaveWith(exitCode: number): void {
    this.#leaving.abort(new Leave(exitCode));
  }

  #left(exitCode: number): TResult {
    return this.#job.resultOfLeaving(exitCode === EXIT_SIGINT ? 'cancelled' : null, exitCode, this.#ending());
  }

  #ending(): Ending {
    return { workflowId: this.#workflowId, startedAt: this.#startedAt };
  }

  #say(line: string): void {
    process.stderr.write(`${line}\n`);
  }
}

function isServerConfigured(): boolean {
  return configuredServer(process.env) !== undefined;
}
