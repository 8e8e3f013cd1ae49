import type { OpenInput, PredictionProgress, StageHeartbeat } from '../contract/prediction.ts';
import type { RunProgress } from '../contract/progress.ts';
import { predictionOutcomeOfError, type TypedPredictionOutcome } from '../contract/typed-outcome.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { DurableHandle } from './durable-handle.ts';
import { pendingWork, type PendingWork } from './pending-work.ts';
import { stageProgress } from './stage-progress.ts';

/** An input that is being worked on, with what its open embedding runs answer. */
export interface OpenInputStatus extends OpenInput {
  nucleotideRun?: RunProgress;
  proteinRun?: RunProgress;
  /** How far its stage is, where the stage has told. */
  progress?: Pick<StageHeartbeat, 'done' | 'total'>;
}

/** Progress of the prediction with that of its embedding runs, and what all open activities say. */
export interface PredictionStatus extends Omit<PredictionProgress, 'open'>, PendingWork {
  open: OpenInputStatus[];
}

/**
 * A prediction that was started or attached to: made by `startPrediction` and `attachPrediction`.
 *
 * ```ts
 * for await (const { done, inputs, open } of prediction.progress()) console.log(done, inputs, open[0]?.stage);
 * ```
 */
export class PredictionHandle extends DurableHandle<TypedPredictionOutcome, PredictionStatus> {
  async status(): Promise<PredictionStatus> {
    const [progress, { work, stages }] = await Promise.all([this.query<PredictionProgress>(), this.#work()]);
    const open = await Promise.all(
      progress.open.map(async (input) => ({ ...(await this.#withRuns(input)), ...withProgress(input, stages) })),
    );
    return { ...progress, ...work, open };
  }

  protected outcomeOf(error: unknown): TypedPredictionOutcome | undefined {
    return predictionOutcomeOfError(error);
  }

  #work(): Promise<{ work: PendingWork; stages: StageHeartbeat[] }> {
    return this.fromOpenTasks(async (tasks, converter) => ({
      work: await pendingWork(tasks, converter),
      stages: await stageProgress(tasks, converter),
    }));
  }

  async #withRuns(input: OpenInput): Promise<OpenInputStatus> {
    const [nucleotideRun, proteinRun] = await Promise.all([this.#run(input.nucleotide), this.#run(input.protein)]);
    return {
      ...input,
      ...(nucleotideRun === undefined ? {} : { nucleotideRun }),
      ...(proteinRun === undefined ? {} : { proteinRun }),
    };
  }

  /** @returns undefined for a run that has not begun, or that does not answer now */
  async #run(workflowId: string | undefined): Promise<RunProgress | undefined> {
    if (workflowId === undefined) return undefined;
    return this.query<RunProgress>(workflowId).catch((error: unknown) => {
      if (error instanceof VirnucproError) throw error;
      return undefined;
    });
  }
}

/** The first stage of an input is asked for before its stem is known. */
function withProgress(
  { stage, stem }: OpenInput,
  stages: readonly StageHeartbeat[],
): Pick<OpenInputStatus, 'progress'> {
  const beat = stages.find((one) => one.stage === stage && (stem === '' || one.stem === stem));
  if (beat === undefined) return {};
  const { done, total } = beat;
  return { progress: { done, ...(total === undefined ? {} : { total }) } };
}
