import * as path from 'node:path';
import { pathsOf } from './paths.ts';
import { readTable } from './read-table.ts';
import type { ScoreHistogram } from './report-types.ts';
import type { StageRun } from './settle-stage.ts';

/** Spans from 0 to 1. */
const BINS = 20;

/** Columns of prediction_results.txt and of prediction_results_contigs.tsv. */
const SEQUENCE = { call: 1, score: 3 };
const CONTIG = { call: 7, score: 5 };

/** Scores of class virus by what was called: of sequences, and the means of contigs. */
export interface Scores {
  sequences: ScoreHistogram;
  contigs: ScoreHistogram;
}

export function noScores(): Scores {
  return { sequences: emptyHistogram(), contigs: emptyHistogram() };
}

/** Adds the counts of one input to those of others. */
export function addScores(sum: Scores, one: Scores): void {
  for (const of of ['sequences', 'contigs'] as const) {
    for (const call of ['virus', 'others'] as const) {
      for (const [bin, more] of one[of][call].entries()) sum[of][call][bin] = (sum[of][call][bin] ?? 0) + more;
    }
  }
}

/**
 * Counts the scores in the results of an input, in the calling thread.
 *
 * @throws errno errors; the reason of the signal
 */
export async function countScoresHere({ directory, request, input, signal }: StageRun): Promise<Scores> {
  const names = pathsOf(request, input);
  const scores = noScores();
  await count(path.join(directory, names.results), SEQUENCE, scores.sequences, signal);
  await count(path.join(directory, names.contigs), CONTIG, scores.contigs, signal);
  return scores;
}

function emptyHistogram(): ScoreHistogram {
  const bins = () => Array.from({ length: BINS }, () => 0);
  return { virus: bins(), others: bins() };
}

async function count(
  file: string,
  columns: typeof SEQUENCE,
  histogram: ScoreHistogram,
  signal: AbortSignal,
): Promise<void> {
  for await (const rows of readTable(file, signal)) {
    for (const row of rows) {
      const [call, text = ''] = [row[columns.call], row[columns.score]];
      const score = text === '' ? Number.NaN : Number(text);
      // An unclassified contig has no score.
      if ((call !== 'virus' && call !== 'others') || Number.isNaN(score)) continue;
      const bin = Math.min(BINS - 1, Math.max(0, Math.floor(score * BINS)));
      histogram[call][bin] = (histogram[call][bin] ?? 0) + 1;
    }
  }
}
