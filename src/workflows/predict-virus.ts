import { CancellationScope, continueAsNew, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow';
import { stageActivityOptions } from '../contract/activity-options.ts';
import type { RunFailure } from '../contract/outcome.ts';
import type {
  CheckedPrediction,
  ContinuedPrediction,
  FinishPredictionInput,
  PredictionActivities,
  PredictionOutcome,
  PredictVirusInput,
} from '../contract/prediction.ts';
import type { RunReference } from '../contract/run-request.ts';
import { pause, resume } from './embed-partition.ts';
import { heartbeatTimeoutOf, runToEnd, toldOfFailure } from './end-of-run.ts';
import { predictInput } from './predict-input.ts';
import { PauseGate } from './pause.ts';
import { predictionProgress } from './prediction-queries.ts';
import { PredictionState } from './prediction-state.ts';
import { SideRuns } from './side-runs.ts';

/**
 * Predicts which sequences are viral: each FASTA file is cut into chunks, translated in six frames, embedded by two
 * embeddingRun children, merged, classified and called, starting from what is already in `directory`.
 *
 * Completes with the outcome `success` or `partial`; `checkpoint` and `failed` fail the workflow with an ApplicationFailure
 * of a type in `FailureType` and the outcome as its first detail. The failure of a stage or child is told with its type
 * unchanged, once everything that was open has ended.
 *
 * The input is validated by the first activity: whatever comes, the workflow ends with a typed failure, it never hangs.
 */
export async function predictVirus(input: PredictVirusInput): Promise<PredictionOutcome> {
  return new Prediction(input).execute();
}

class Prediction {
  readonly #input: PredictVirusInput;
  readonly #continued: ContinuedPrediction | undefined;
  readonly #stages: PredictionActivities;
  readonly #state = new PredictionState();
  readonly #gate: PauseGate;
  readonly #startedAt: string;
  #run: RunReference;
  #request: string | undefined;
  #sides: SideRuns | undefined;

  constructor(input: PredictVirusInput) {
    // Only this workflow itself may say where it goes on from: what a client puts there was never validated.
    const continued = workflowInfo().continuedFromExecutionRunId === undefined ? undefined : input?.continued;
    this.#continued = continued;
    this.#input = input;
    this.#gate = new PauseGate(continued?.paused ?? false);
    this.#run = continued?.checked.run ?? {
      directory: String(input?.directory ?? ''),
      runId: String(input?.runId ?? ''),
    };
    this.#startedAt = continued?.startedAt ?? workflowInfo().startTime.toISOString();
    const fairnessKey = this.#run.runId || workflowInfo().workflowId;
    this.#stages = proxyActivities<PredictionActivities>(
      stageActivityOptions(heartbeatTimeoutOf(input), fairnessKey.slice(0, 64)),
    );
    setHandler(predictionProgress, () => this.#state.progress(this.#gate.paused));
    setHandler(pause, () => this.#setPaused(true));
    setHandler(resume, () => this.#setPaused(false));
  }

  execute(): Promise<PredictionOutcome> {
    return runToEnd({
      work: async () => this.#predict(this.#continued ?? (await this.#prepare())),
      finish: (end) => this.#finish(end),
      endedEarly: 'the prediction ended early',
      unfinished: (failure) => unfinishedOutcome(failure, this.#state),
    });
  }

  async #prepare(): Promise<ContinuedPrediction> {
    const checked = await this.#stages.checkPrediction({ contract: 1, request: this.#input ?? null });
    const { embedding: totals, partial } = this.#state;
    return { checked, next: 0, done: 0, totals, partial, paused: false, startedAt: this.#startedAt };
  }

  async #predict(work: ContinuedPrediction): Promise<void> {
    const { checked } = work;
    this.#run = checked.run;
    this.#request = checked.request;
    this.#sides = new SideRuns(checked, this.#gate, this.#state);
    this.#state.goOn(work);
    const next = await this.#predictInputs(checked, this.#sides, work.next);
    if (next >= checked.inputs) return;
    const { done, embedding: totals, partial } = this.#state;
    const continued = { ...work, next, done, totals, partial, paused: this.#gate.paused };
    await continueAsNew<typeof predictVirus>({ ...this.#input, continued });
  }

  /**
   * Works on the inputs in order, `openInputs` at a time, until they are done or the execution should make room for a new
   * one. The first error cancels what is open and is thrown once that has ended.
   *
   * @returns the next input to begin with
   */
  async #predictInputs(checked: CheckedPrediction, sides: SideRuns, first: number): Promise<number> {
    const { openInputs, inputsPerExecution } = checked.tuning;
    const parts = { stages: this.#stages, sides, gate: this.#gate, state: this.#state };
    const stage = { contract: 1 as const, run: checked.run, request: checked.request };
    const errors: unknown[] = [];
    let next = first;
    const mayBegin = () =>
      errors.length === 0 &&
      next < checked.inputs &&
      next - first < inputsPerExecution &&
      !workflowInfo().continueAsNewSuggested;
    await CancellationScope.cancellable(async () => {
      const scope = CancellationScope.current();
      const lane = async () => {
        while (mayBegin()) await predictInput({ ...stage, index: next++ }, parts);
      };
      const lanes = Array.from({ length: openInputs }, () =>
        lane().catch((error: unknown) => {
          errors.push(error);
          scope.cancel();
        }),
      );
      await Promise.all(lanes);
    });
    if (errors.length > 0) throw errors[0];
    return next;
  }

  async #finish(end: Pick<FinishPredictionInput, 'failure' | 'cancelled'>): Promise<PredictionOutcome> {
    this.#state.phase = 'finishing';
    const outcome = await this.#stages.finishPrediction({
      contract: 1,
      run: this.#run,
      ...(this.#request === undefined ? {} : { request: this.#request }),
      ...end,
      partial: this.#state.partial,
      embedding: this.#state.embedding,
      startedAt: this.#startedAt,
    });
    this.#state.phase = 'done';
    return outcome;
  }

  #setPaused(paused: boolean): void {
    if (this.#gate.paused === paused) return;
    this.#gate.paused = paused;
    this.#sides?.tellAll(paused);
  }
}

function unfinishedOutcome(failure: RunFailure, { inputs, done, embedding }: PredictionState): PredictionOutcome {
  return {
    ...toldOfFailure(failure),
    inputs,
    predicted: done,
    contigs: 0,
    viralContigs: 0,
    chunks: 0,
    viralChunks: 0,
    sequences: 0,
    embedding,
  };
}
