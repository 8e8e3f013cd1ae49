import { connectClient, prepareRun, startPrepared, type RunHandle, type RunOptions } from '../../client/index.ts';
import type { RunOutcome } from '../../contract/outcome.ts';
import { requireEmbedders } from '../../embedders/index.ts';
import { configuredServer } from '../../server/index.ts';
import type { EmbedFlags } from './embed-flags.ts';
import { converterOf } from '../data-converter.ts';
import { tracingOf } from '../otel.ts';
import type { Tracing } from '../../observe/index.ts';
import { EXIT_SIGINT, EXIT_SIGTERM, messageOf } from '../exit.ts';
import type { Backend } from './backend.ts';
import { configuredBackend } from './configured-backend.ts';
import { readReport, resultOfLeaving, resultOfRun, type EmbedResult } from './embed-result.ts';
import { localBackend } from './local-backend.ts';
import { progressView } from './progress-view.ts';
import { LOCAL_HEARTBEAT_TIMEOUT_MS } from './run-options.ts';
import { listenToSignals } from './signals.ts';
import { watchWorkers } from './worker-watch.ts';

/** The user has asked the command to end while its run goes on, or is to be taken up later. */
class Leave extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('the command was asked to end');
    this.exitCode = exitCode;
  }
}

/** One call of `virnucpro embed`: a backend, a run on it, and what the user does meanwhile. */
export class EmbedSession {
  readonly #options: RunOptions;
  readonly #flags: EmbedFlags;
  readonly #startedAt: number;
  readonly #ended = new AbortController();
  readonly #leave: Promise<never>;
  #leaveWith!: (exitCode: number) => void;
  #workflowId: string | null = null;
  #backend: Backend | undefined;
  #run: RunHandle | undefined;
  #tracing: Tracing | undefined;

  constructor(options: RunOptions, flags: EmbedFlags, startedAt: number) {
    this.#options = options;
    this.#flags = flags;
    this.#startedAt = startedAt;
    this.#leave = new Promise((_, reject) => {
      this.#leaveWith = (exitCode) => reject(new Leave(exitCode));
    });
    this.#leave.catch(() => {});
  }

  async run(): Promise<EmbedResult> {
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

  async #runOnBackend(): Promise<EmbedResult> {
    this.#requireModels();
    const converter = await converterOf(this.#flags);
    this.#tracing = await tracingOf(this.#flags, (message) => this.#say(message));
    const prepared = await prepareRun(this.#tuned());
    this.#workflowId = prepared.workflowId;
    this.#backend = await this.#makeBackend(prepared.input.runId!);
    const interceptors = this.#tracing && { interceptors: { workflow: this.#tracing.clientInterceptors } };
    const client = await connectClient(this.#backend.settings, { ...converter, ...interceptors });
    const start = { warn: (message: string) => this.#say(message) };
    const run = await Promise.race([startPrepared(client, prepared, start), this.#leave]);
    this.#run = run;
    await this.#sayStarted(run);
    if (this.#flags.detach === true) return resultOfLeaving('started', 0, this.#ending());
    const outcome = await this.#watch(run);
    return resultOfRun(this.#flags.out, outcome, this.#ending());
  }

  #tuned(): RunOptions {
    if (configuredServer(process.env) !== undefined) return this.#options;
    return { ...this.#options, tuning: { heartbeatTimeoutMs: LOCAL_HEARTBEAT_TIMEOUT_MS } };
  }

  /** Workers of this command's own cannot do without what is missing here. */
  #requireModels(): void {
    if (configuredServer(process.env) !== undefined && this.#flags.withWorkers !== true) return;
    requireEmbedders(this.#options.embedders.map(({ name }) => name));
  }

  #makeBackend(runId: string): Promise<Backend> {
    const embedders = this.#options.embedders.map(({ name }) => name);
    const log = (line: string) => this.#say(line);
    return configuredServer(process.env) === undefined
      ? localBackend(runId, embedders, this.#flags, log)
      : configuredBackend(runId, embedders, this.#flags.withWorkers ?? false, this.#flags, log);
  }

  async #sayStarted(run: RunHandle): Promise<void> {
    const { uiUrl, settings } = this.#backend!;
    if (uiUrl !== undefined)
      this.#say(`Temporal UI: ${uiUrl}/namespaces/${settings.namespace}/workflows/${run.workflowId}`);
    if (!run.attached) {
      this.#say(`Started ${run.workflowId}`);
      return;
    }
    const status = await run.status().catch(() => undefined);
    const done = status === undefined ? '' : `: ${status.found + status.embedded}/${status.total} done`;
    this.#say(`Attached to ${run.workflowId}${done}`);
  }

  async #watch(run: RunHandle): Promise<RunOutcome> {
    const { signal } = this.#ended;
    const view = progressView(this.#flags.progress && this.#flags.json !== true, process.stderr);
    const watching = this.#watchProgress(run, view.update.bind(view));
    const workers = watchWorkers(
      {
        unserved: () => run.unservedQueues(),
        failing: () => run.failingWorkflows(),
        settings: this.#backend!.settings,
        log: (line) => this.#say(line),
        ...(this.#flags.waitForWorkers === undefined ? {} : { waitSeconds: this.#flags.waitForWorkers }),
      },
      signal,
    ).then(() => this.#leave);
    try {
      const stuck = this.#backend?.stuck ?? this.#leave;
      const outcome = await Promise.race([run.result(signal), workers, stuck, this.#leave]);
      this.#ended.abort();
      if (!(await watching)) await this.#sayPlanned();
      view.finish(outcome);
      return outcome;
    } finally {
      this.#ended.abort();
      await watching;
      view.stop();
    }
  }

  /** @returns whether the user has been told what planning found */
  async #watchProgress(run: RunHandle, update: ReturnType<typeof progressView>['update']): Promise<boolean> {
    let told = false;
    const troubles = new Set<string>();
    for await (const status of run.progress({ signal: this.#ended.signal })) {
      if (!told && status.message !== undefined) this.#say(status.message);
      told ||= status.message !== undefined;
      for (const trouble of status.troubles) {
        if (!troubles.has(trouble)) this.#say(`being tried again: ${trouble}`);
        troubles.add(trouble);
      }
      update(status);
    }
    return told;
  }

  /** A short run may be over before it was asked how it gets on. */
  async #sayPlanned(): Promise<void> {
    const report = await readReport(this.#options.directory);
    const isOurs = report !== undefined && Date.parse(report.finishedAt) >= this.#startedAt;
    if (isOurs && report.planned !== undefined) this.#say(report.planned);
  }

  #interrupt(): void {
    const run = this.#run;
    const started = run !== undefined && (!run.attached || this.#backend?.hostsWorkers === true);
    if (!started) {
      if (run !== undefined) this.#say(`detached; stop the run with  virnucpro cancel ${this.#flags.out}`);
      this.#leaveWith(EXIT_SIGINT);
      return;
    }
    this.#say('cancelling: durable rows are kept (Ctrl-C again quits at once); start the same command again to go on');
    run.cancel().catch((error: unknown) => {
      this.#say(`the run could not be cancelled: ${messageOf(error)}`);
      this.#leaveWith(EXIT_SIGINT);
    });
  }

  #left(exitCode: number): EmbedResult {
    return resultOfLeaving(exitCode === EXIT_SIGINT ? 'cancelled' : null, exitCode, this.#ending());
  }

  #ending() {
    return { workflowId: this.#workflowId, startedAt: this.#startedAt };
  }

  #say(line: string): void {
    process.stderr.write(`${line}\n`);
  }
}
