import * as path from 'node:path';
import { outcomeOfFailure, type Outcome } from '../../contract/outcome.ts';
import type { PredictionOutcome } from '../../contract/prediction.ts';
import type { PredictionReport } from '../../prediction/report-types.ts';
import { exitCodeOf, messageOf, typeOf } from '../exit.ts';
import { secondsSince, type Ending } from '../session/ending.ts';
import { errorOfOutcome, type DocumentError } from '../session/error-of-outcome.ts';
import { reportOfEnd } from '../session/report-of-end.ts';

/** The list in `--json` is cut here; report.json has all. */
const MAX_LISTED_RESULTS = 1000;

type Counts = Pick<
  PredictionOutcome,
  'inputs' | 'predicted' | 'contigs' | 'viralContigs' | 'chunks' | 'viralChunks' | 'sequences' | 'embedding'
>;

/** Files of an input by what is in them, with the folder as it was given. */
export type ResultFiles = Partial<
  Record<'chunked' | 'nucleotide' | 'protein' | 'predictions' | 'highestScore' | 'contigs', string>
>;

export interface InputResult {
  input: string;
  stem: string;
  result: 'predicted' | 'partial' | 'missing';
  reason?: string;
  contigs: number;
  viralContigs: number;
  chunks: number;
  sequences: number;
  files: ResultFiles;
}

/** `predict --json`, for every exit. */
export interface PredictResult extends Counts {
  schema: 1;
  /** `started` after `--detach`; null when the command was ended by SIGTERM and the prediction is still open. */
  outcome: Outcome | 'started' | null;
  exitCode: number;
  workflowId: string | null;
  /** As it was given; null where the arguments do not say. */
  directory: string | null;
  results: InputResult[];
  /** Things to know that stopped nothing. */
  notes: string[];
  seconds: number;
  error?: DocumentError;
}

/** What is known of a command that ends, with its folder. */
export interface PredictEnding extends Ending {
  directory: string | null;
}

const NOTHING_EMBEDDED = { tasks: 0, found: 0, embedded: 0, failed: 0, skipped: 0, skippedSequences: 0, rows: 0 };
const NO_COUNTS: Counts = {
  ...{ inputs: 0, predicted: 0, contigs: 0, viralContigs: 0, chunks: 0, viralChunks: 0, sequences: 0 },
  embedding: NOTHING_EMBEDDED,
};

/** The result of a prediction that has ended, with what report.json says of each input. */
export async function resultOfPrediction(
  directory: string,
  outcome: PredictionOutcome,
  ending: Ending,
): Promise<PredictResult> {
  const report = await reportOfEnd<PredictionReport>(path.resolve(directory), outcome, ending);
  // A cancelled workflow has no result to carry its counts.
  const counted = outcome.outcome === 'cancelled' ? (report ?? outcome) : outcome;
  const error = errorOfOutcome(outcome, report);
  return {
    schema: 1,
    outcome: outcome.outcome,
    exitCode: outcome.exitCode,
    workflowId: ending.workflowId,
    directory,
    ...countsOf(counted),
    results: (report?.predictions ?? []).slice(0, MAX_LISTED_RESULTS).map((one) => resultOfInput(directory, one)),
    notes: report?.notes ?? [],
    seconds: secondsSince(ending.startedAt),
    ...(error === undefined ? {} : { error }),
  };
}

function countsOf(counts: Counts): Counts {
  const { inputs, predicted, contigs, viralContigs, chunks, viralChunks, sequences, embedding } = counts;
  return { inputs, predicted, contigs, viralContigs, chunks, viralChunks, sequences, embedding };
}

type ReportedInput = PredictionReport['predictions'][number];

function resultOfInput(directory: string, one: ReportedInput): InputResult {
  const { input, stem, result, reason, contigs, viralContigs, chunks, sequences, files } = one;
  return {
    input,
    stem,
    result,
    ...(reason === undefined ? {} : { reason }),
    contigs,
    viralContigs,
    chunks,
    sequences,
    files: Object.fromEntries(
      files.flatMap(({ path: file }) => {
        const kind = FILES.find(([, name]) => name.test(path.posix.basename(file)))?.[0];
        return kind === undefined ? [] : [[kind, path.join(directory, file)]];
      }),
    ),
  };
}

const FILES: readonly (readonly [kind: keyof ResultFiles, name: RegExp])[] = [
  ['chunked', /_chunked\d+\.fa$/u],
  ['nucleotide', /_nucleotide\.fa$/u],
  ['protein', /_protein\.faa$/u],
  ['predictions', /^prediction_results\.txt$/u],
  ['highestScore', /^prediction_results_highestscore\.csv$/u],
  ['contigs', /^prediction_results_contigs\.tsv$/u],
];

/** The result of a command that ended with an error of its own. */
export function resultOfError(error: unknown, { workflowId, directory, startedAt }: PredictEnding): PredictResult {
  const type = typeOf(error);
  return {
    schema: 1,
    outcome: outcomeOfFailure(type),
    exitCode: exitCodeOf(error),
    workflowId,
    directory,
    ...NO_COUNTS,
    results: [],
    notes: [],
    seconds: secondsSince(startedAt),
    error: { type, message: messageOf(error) },
  };
}

/** The result of a command that leaves its prediction open. */
export function resultOfLeaving(
  outcome: 'started' | 'cancelled' | null,
  exitCode: number,
  { workflowId, directory, startedAt }: PredictEnding,
): PredictResult {
  const seconds = secondsSince(startedAt);
  return { schema: 1, outcome, exitCode, workflowId, directory, ...NO_COUNTS, results: [], notes: [], seconds };
}
