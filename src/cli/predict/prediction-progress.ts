import type { OpenInputStatus, PredictionStatus } from '../../client/index.ts';
import { PREDICTION_STAGES, type PredictionOutcome } from '../../contract/prediction.ts';
import type { RunProgress } from '../../contract/progress.ts';
import type { Progress } from '../session/progress-view.ts';

/** Of an input, up to the embedding and with it: nearly all of the time goes there. */
const BEFORE_EMBEDDING = 0.05;
const WITH_EMBEDDING = 0.95;
/** The bar has so many steps. */
const STEPS = 100;

/** How far a prediction is: inputs that are done, the stage of each that is open, and what is embedded of them. */
export function progressOf(status: PredictionStatus): Progress {
  const { inputs, done, open, paused, phase, spooledRows, openRows } = status;
  const share = inputs === 0 ? 0 : (done + sum(open.map(shareOf))) / inputs;
  const { tasks, files } = embeddingOf(open);
  return {
    phase: paused ? 'paused' : describePhase(phase, open),
    done: share * STEPS,
    total: inputs === 0 ? 0 : STEPS,
    counts: [
      `${done}/${inputs} inputs`,
      ...(tasks === 0 ? [] : [`${files}/${tasks} files embedded`]),
      ...(openRows === 0 ? [] : [`${spooledRows}/${openRows} rows of open files`]),
    ],
  };
}

/** The last thing that is shown. */
export function finalProgress({ outcome, inputs, predicted, embedding }: PredictionOutcome): Progress {
  const share = inputs === 0 ? 0 : predicted / inputs;
  return {
    phase: outcome,
    done: share * STEPS,
    total: inputs === 0 ? 0 : STEPS,
    counts: [`${predicted}/${inputs} inputs`, `${embedding.rows} rows embedded`],
  };
}

function describePhase(phase: PredictionStatus['phase'], open: readonly OpenInputStatus[]): string {
  const stages = open.map(({ stem, stage }) => (stem === '' ? stage : `${stage} ${stem}`));
  return stages.length === 0 ? phase : stages.join(', ');
}

function shareOf(input: OpenInputStatus): number {
  const at = PREDICTION_STAGES.indexOf(input.stage);
  const embedding = PREDICTION_STAGES.indexOf('embedding');
  if (at < embedding) return (BEFORE_EMBEDDING * at) / embedding;
  if (at > embedding) {
    return WITH_EMBEDDING + ((1 - WITH_EMBEDDING) * (at - embedding - 1)) / (PREDICTION_STAGES.length - embedding - 1);
  }
  const { tasks, files } = embeddingOf([input]);
  return BEFORE_EMBEDDING + (tasks === 0 ? 0 : ((WITH_EMBEDDING - BEFORE_EMBEDDING) * files) / tasks);
}

/** Checkpoints of the open embedding runs that have been planned. */
function embeddingOf(open: readonly OpenInputStatus[]): { tasks: number; files: number } {
  const runs = open.flatMap(({ nucleotideRun, proteinRun }) => [nucleotideRun, proteinRun]).filter(isThere);
  return {
    tasks: sum(runs.map(({ total }) => total)),
    files: sum(runs.map(({ found, embedded, failed, skipped }) => found + embedded + failed + skipped)),
  };
}

function isThere(run: RunProgress | undefined): run is RunProgress {
  return run !== undefined;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
