import {
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  isCancellation,
  log,
  sleep,
  startChild,
  TemporalFailure,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';
import { FailureType } from '../contract/failure-types.ts';
import { runWorkflowId, WORKFLOW_EMBEDDING_RUN } from '../contract/names.ts';
import type { Offender, RunOutcome } from '../contract/outcome.ts';
import type { CheckedPrediction, OpenInput, SideRun, SplitSequencesResult } from '../contract/prediction.ts';
import type { EmbeddingRunInput } from '../contract/run-request.ts';
import { pause, resume } from './embed-partition.ts';
import type { embeddingRun } from './embedding-run.ts';
import type { PauseGate } from './pause.ts';
import type { PredictionState, SideName } from './prediction-state.ts';

/** First wait for an embedding run that is still open under the id of a child; doubled each time. */
const FIRST_WAIT_MS = 500;
/** An embedding run that was asked to end does so when the server has noticed that its last worker is dead, at the latest. */
const HEARTBEATS_TO_WAIT = 2;

type Run = ChildWorkflowHandle<typeof embeddingRun>;

/** The embedding runs of a prediction: one child for each side of an input, known by the id that its folder gives it. */
export class SideRuns {
  readonly #open = new Map<string, Run>();
  readonly #checked: CheckedPrediction;
  readonly #gate: PauseGate;
  readonly #state: PredictionState;

  constructor(checked: CheckedPrediction, gate: PauseGate, state: PredictionState) {
    this.#checked = checked;
    this.#gate = gate;
    this.#state = state;
  }

  /** Passes pause or resume on to every open run; one that has just ended needs it no more. */
  tellAll(paused: boolean): void {
    for (const [id, run] of this.#open) this.#tell(id, run, paused);
  }

  #tell(id: string, run: Run, paused: boolean): void {
    run.signal(paused ? pause : resume).catch((error: unknown) => log.debug('run was not told', { id, error }));
  }

  /**
   * Embeds both sides of an input, side by side. The first failure cancels the other side and is thrown once that has ended.
   *
   * @returns whether one of them ended with holes
   */
  async embed(split: SplitSequencesResult, input: OpenInput): Promise<boolean> {
    const errors: unknown[] = [];
    const outcomes = await CancellationScope.cancellable(async () => {
      const scope = CancellationScope.current();
      const sides: SideName[] = ['nucleotide', 'protein'];
      const runs = sides.map((side) =>
        this.#runOne(side, split[side], input).catch((error: unknown) => {
          errors.push(error);
          scope.cancel();
        }),
      );
      return Promise.all(runs);
    });
    if (errors.length > 0) throw errors[0];
    return outcomes.some((ended) => ended?.outcome === 'partial');
  }

  async #runOne(side: SideName, run: SideRun, input: OpenInput): Promise<RunOutcome> {
    const scope = CancellationScope.current();
    const id = runWorkflowId(run.runId);
    const of = `the ${side} embedding of ${input.stem}`;
    const child = await this.#start(id, this.#inputOf(side, run), of);
    this.#open.set(id, child);
    input[side] = id;
    if (this.#gate.paused) this.#tell(id, child, true);
    try {
      const outcome = await child.result();
      this.#state.add(id, outcome);
      return outcome;
    } catch (error) {
      if (isCancellation(error) && scope.consideredCancelled) throw error;
      const folder = run.directory.slice(run.directory.lastIndexOf('/') + 1);
      throw this.#failureOf(error, { id, of, folder });
    } finally {
      this.#open.delete(id);
      delete input[side];
    }
  }

  /** Waits for a run that has the id already: that of a prediction which has just been terminated may still be closing. */
  async #start(id: string, input: EmbeddingRunInput, of: string): Promise<Run> {
    const patience = HEARTBEATS_TO_WAIT * this.#checked.tuning.heartbeatTimeoutMs;
    for (let waited = 0, wait = FIRST_WAIT_MS; ; waited += wait, wait *= 2) {
      try {
        return await startChild<typeof embeddingRun>(WORKFLOW_EMBEDDING_RUN, {
          workflowId: id,
          args: [input],
          cancellationType: 'WAIT_CANCELLATION_COMPLETED',
          parentClosePolicy: 'REQUEST_CANCEL',
        });
      } catch (error) {
        if (!isTaken(error)) throw error;
        if (waited >= patience) throw stillOpen(id, input.directory, of);
      }
      await sleep(wait);
    }
  }

  #inputOf(side: SideName, { directory, runId, inputs, inputsFile }: SideRun): EmbeddingRunInput {
    const { onBadCheckpoint, onBadSequence, skipCheckpointValidation, sequencesPerFile, batchSize } = this.#checked;
    const { openInputs: _, inputsPerExecution: __, ...tuning } = this.#checked.tuning;
    return {
      contract: 1,
      directory,
      runId,
      ...(inputs === undefined ? {} : { inputs }),
      ...(inputsFile === undefined ? {} : { inputsFile }),
      embedders: [this.#checked[side]],
      // Few letters occur in the proteins of a repeat: what they are must not be guessed from them.
      alphabet: side,
      sequencesPerFile,
      ...(batchSize === undefined ? {} : { batchSize }),
      onBadCheckpoint,
      onBadSequence,
      skipCheckpointValidation,
      tuning,
    };
  }

  /** What a run told reaches whoever waits for the prediction with its type unchanged, and says which run it was. */
  #failureOf(error: unknown, { id, of, folder }: { id: string; of: string; folder: string }): unknown {
    if (!(error instanceof ChildWorkflowFailure)) return error;
    const { cause } = error;
    if (!(cause instanceof ApplicationFailure)) {
      const message = `${of} ended early: ${cause?.message ?? error.message}; start again to go on`;
      return ApplicationFailure.nonRetryable(message, FailureType.EmbeddingEmbedder);
    }
    const outcome = (cause.details?.[0] ?? {}) as Partial<RunOutcome>;
    this.#state.add(id, outcome);
    const offenders = Array.isArray(outcome.offenders) ? outcome.offenders.map((one) => within(folder, one)) : [];
    return ApplicationFailure.create({
      message: `${of}: ${cause.message}`,
      type: cause.type ?? FailureType.EmbeddingEmbedder,
      nonRetryable: true,
      details: [{ offenders }],
    });
  }
}

/** Offenders of an embedding run are named relative to its folder, or absolutely where they are inputs. */
function within(folder: string, { path, reason }: Offender): Offender {
  return { path: path.startsWith('/') ? path : `${folder}/${path}`, reason };
}

/** The SDK does not export the class to workflows. */
function isTaken(error: unknown): boolean {
  return error instanceof TemporalFailure && error.name === 'WorkflowExecutionAlreadyStartedError';
}

function stillOpen(id: string, directory: string, of: string): ApplicationFailure {
  const message = `${of} is worked on by workflow ${id}, which is open and not part of this prediction: wait for it or cancel it (virnucpro cancel ${directory}), then start again`;
  return ApplicationFailure.nonRetryable(message, FailureType.RunInvalidInput);
}
