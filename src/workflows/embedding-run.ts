import { continueAsNew, defineQuery, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow';
import type { FinishRunInput, VirnucproActivities } from '../contract/activities.ts';
import { ioActivityOptions } from '../contract/activity-options.ts';
import { QUERY_PROGRESS } from '../contract/names.ts';
import type { RunFailure, RunOutcome } from '../contract/outcome.ts';
import type { RunProgress } from '../contract/progress.ts';
import type { ContinuedRun, EmbeddingRunInput, RunReference } from '../contract/run-request.ts';
import { partitionProgress, pause, resume } from './embed-partition.ts';
import { heartbeatTimeoutOf, runToEnd, toldOfFailure } from './end-of-run.ts';
import { Partitions } from './partitions.ts';
import { PauseGate } from './pause.ts';
import { RunState } from './run-state.ts';

export const progress = defineQuery<RunProgress>(QUERY_PROGRESS);

/**
 * Embeds every input with every embedder into checkpoints in `directory`, starting from what is already there.
 *
 * Completes with the outcome `success` or `partial`; `checkpoint` and `failed` fail the workflow with an
 * ApplicationFailure of a type in `FailureType` and the outcome as its first detail.
 *
 * The input is validated by the first activity: whatever comes, the workflow ends with a typed failure, it never hangs.
 */
export async function embeddingRun(input: EmbeddingRunInput): Promise<RunOutcome> {
  return new EmbeddingRun(input).execute();
}

class EmbeddingRun {
  readonly #input: EmbeddingRunInput;
  readonly #continued: ContinuedRun | undefined;
  readonly #io: VirnucproActivities;
  readonly #state = new RunState();
  readonly #gate: PauseGate;
  #partitions: Partitions | undefined;
  #run: RunReference;
  #startedAt: string;

  constructor(input: EmbeddingRunInput) {
    // Only this workflow itself may say where it goes on from: what a client puts there was never validated.
    const continued = workflowInfo().continuedFromExecutionRunId === undefined ? undefined : input?.continued;
    this.#continued = continued;
    this.#input = input;
    this.#io = proxyActivities<VirnucproActivities>(ioActivityOptions(heartbeatTimeoutOf(input)));
    this.#gate = new PauseGate(continued?.paused ?? false);
    this.#run = continued?.run ?? { directory: String(input?.directory ?? ''), runId: String(input?.runId ?? '') };
    this.#startedAt = continued?.startedAt ?? workflowInfo().startTime.toISOString();
    setHandler(progress, () => this.#state.progress(this.#gate.paused));
    setHandler(partitionProgress, (told) => this.#state.told(told));
    setHandler(pause, () => this.#setPaused(true));
    setHandler(resume, () => this.#setPaused(false));
  }

  execute(): Promise<RunOutcome> {
    return runToEnd({
      work: () => this.#work(),
      finish: (end) => this.#finish(end),
      endedEarly: 'a partition of the run ended early',
      unfinished: (failure) => unfinishedOutcome(failure, this.#state),
    });
  }

  async #work(): Promise<void> {
    const work = this.#continued ?? (await this.#prepare());
    this.#state.plan = work.plan;
    if (work.plan.bad === 0) await this.#embed(work);
  }

  async #prepare(): Promise<ContinuedRun> {
    const checked = await this.#io.checkCompatibility({ contract: 1, request: this.#input ?? null });
    this.#run = checked.run;
    this.#state.phase = 'planning';
    const plan = await this.#io.planRun({
      contract: 1,
      run: checked.run,
      requestDigest: checked.requestDigest,
    });
    return {
      run: checked.run,
      request: checked.request,
      plan,
      next: plan.ranges.map((range) => range.start),
      totals: { embedded: 0, found: 0, failed: 0 },
      paused: false,
      startedAt: this.#startedAt,
    };
  }

  async #embed(work: ContinuedRun): Promise<void> {
    const { run, request, plan } = work;
    Object.assign(this.#state.totals, work.totals);
    this.#state.failures.push(...(work.failures ?? []));
    this.#state.phase = 'embedding';
    this.#partitions = new Partitions(run, request, plan.plan, this.#gate, this.#state);
    const next = [...work.next];
    await this.#partitions.runAll(plan.ranges, next);
    if (plan.ranges.every((range, at) => next[at]! >= range.end)) return;
    const { totals, failures } = this.#state;
    const continued = { ...work, next, totals, failures, paused: this.#gate.paused };
    await continueAsNew<typeof embeddingRun>({ ...this.#input, continued });
  }

  async #finish(end: Pick<FinishRunInput, 'failure' | 'cancelled'>): Promise<RunOutcome> {
    this.#state.phase = 'finishing';
    const plan = this.#state.plan;
    const outcome = await this.#io.finishRun({
      contract: 1,
      run: this.#run,
      ...(plan === undefined ? {} : { plan }),
      ...end,
      taskFailures: this.#state.failures,
      startedAt: this.#startedAt,
    });
    this.#state.phase = 'done';
    return outcome;
  }

  #setPaused(paused: boolean): void {
    if (this.#gate.paused === paused) return;
    this.#gate.paused = paused;
    this.#partitions?.tellAll(paused);
  }
}

function unfinishedOutcome(failure: RunFailure, state: RunState): RunOutcome {
  const { total, found, embedded, failed, skipped } = state.progress(false);
  return {
    ...toldOfFailure(failure),
    tasks: total,
    found,
    embedded,
    failed,
    skipped,
    skippedSequences: 0,
    rows: 0,
  };
}
