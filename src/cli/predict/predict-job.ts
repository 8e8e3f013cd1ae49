import type { Client } from '@temporalio/client';
import {
  preparePrediction,
  startPreparedPrediction,
  type PredictionOptions,
  type PredictionStatus,
} from '../../client/index.ts';
import type { PredictionOutcome } from '../../contract/prediction.ts';
import type { TypedPredictionOutcome } from '../../contract/typed-outcome.ts';
import type { PredictionReport } from '../../prediction/report-types.ts';
import { describeSides, SIDES } from '../../prediction/sides.ts';
import type { Ending } from '../session/ending.ts';
import { reportIn } from '../session/report-of-end.ts';
import type { LocalTuning, PreparedJob, SessionJob } from '../session/session-job.ts';
import { resultOfLeaving, resultOfPrediction, type PredictResult } from './predict-result.ts';
import { finalProgress, progressOf } from './prediction-progress.ts';

/** What a session does for `virnucpro predict`. */
export class PredictJob implements SessionJob<PredictionStatus, TypedPredictionOutcome, PredictResult> {
  readonly out: string;
  readonly noun = 'prediction';
  readonly embedders: readonly string[];
  /** Checkpoints of another machine may all be there. */
  readonly needsEmbedders = 'when asked for';
  readonly progressOf = progressOf;
  readonly finalProgress = finalProgress;
  readonly #options: PredictionOptions;
  readonly #startedAt: number;

  /** @param out folder as the user has named it */
  constructor(options: PredictionOptions, out: string, startedAt: number) {
    const sides = describeSides(options);
    this.#options = options;
    this.#startedAt = startedAt;
    this.out = out;
    this.embedders = SIDES.map((side) => sides[side].side.embedder.name);
  }

  async prepare(tuning: LocalTuning | undefined): Promise<PreparedJob<PredictionStatus, TypedPredictionOutcome>> {
    const prepared = await preparePrediction({ ...this.#options, ...(tuning === undefined ? {} : { tuning }) });
    return {
      workflowId: prepared.workflowId,
      runId: prepared.input.runId!,
      start: (client: Client, options) => startPreparedPrediction(client, prepared, options),
    };
  }

  describeAttached({ done, inputs, open }: PredictionStatus): string {
    const stages = open.map(({ stage }) => `, one ${stage}`).join('');
    return `${done}/${inputs} inputs done${stages}`;
  }

  news({ open }: PredictionStatus): string[] {
    return open.flatMap(({ stem, nucleotideRun, proteinRun }) => [
      ...(nucleotideRun?.message === undefined ? [] : [`${stem} nucleotides: ${nucleotideRun.message}`]),
      ...(proteinRun?.message === undefined ? [] : [`${stem} proteins: ${proteinRun.message}`]),
    ]);
  }

  async lateNews(): Promise<string | undefined> {
    const report = await reportIn<PredictionReport>(this.#options.directory);
    if (report === undefined || Date.parse(report.finishedAt) < this.#startedAt) return undefined;
    const { found, tasks, embedded } = report.embedding;
    return tasks === 0 ? undefined : `Found ${found}/${tasks} checkpoints, embedded ${embedded} files`;
  }

  resultOf(outcome: PredictionOutcome, ending: Ending): Promise<PredictResult> {
    return resultOfPrediction(this.out, outcome, ending);
  }

  resultOfLeaving(outcome: 'started' | 'cancelled' | null, exitCode: number, ending: Ending): PredictResult {
    return resultOfLeaving(outcome, exitCode, { ...ending, directory: this.out });
  }
}
