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
  const { tasks, files } = embeddingOf(status);
  return {
    phase: paused ? 'paused' : describePhase(phase, open),
    done: share * STEPS,
    total: inputs === 0 ? 0 : STEPS,
    counts: [
      `${done}/${inputs} inputs`,
      ...open.flatMap(describeStage),
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
  const sides = [
    shareOfSide(input.nucleotide, input.nucleotideRun, input.protein),
    shareOfSide(input.protein, input.proteinRun, input.nucleotide),
  ];
  return BEFORE_EMBEDDING + ((WITH_EMBEDDING - BEFORE_EMBEDDING) * sum(sides)) / 2;
}

/** A side whose run is no longer listed has ended, if the other one still is: both begin at the same time. */
function shareOfSide(workflowId: string | undefined, run: RunProgress | undefined, other: string | undefined): number {
  if (workflowId === undefined) return other === undefined ? 0 : 1;
  return run === undefined || run.total === 0 ? 0 : filesOf(run) / run.total;
}

/** Checkpoints of the embedding runs that have ended or have been planned. */
function embeddingOf({ open, embedding }: PredictionStatus): { tasks: number; files: number } {
  const runs = open.flatMap(({ nucleotideRun, proteinRun }) => [nucleotideRun, proteinRun]).filter(isThere);
  return {
    tasks: embedding.tasks + sum(runs.map(({ total }) => total)),
    files: filesOf(embedding) + sum(runs.map(filesOf)),
  };
}

function filesOf({ found, embedded, failed, skipped }: FileCounts): number {
  return found + embedded + failed + skipped;
}

type FileCounts = Pick<RunProgress, 'found' | 'embedded' | 'failed' | 'skipped'>;

/** Units of the stage that a person cannot see otherwise. */
function describeStage({ stage, progress }: OpenInputStatus): string[] {
  if (progress === undefined) return [];
  return [`${stage} ${progress.done}${progress.total === undefined ? '' : `/${progress.total}`}`];
}

function isThere(run: RunProgress | undefined): run is RunProgress {
  return run !== undefined;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
