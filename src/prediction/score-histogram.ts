import * as path from 'node:path';
import { pathsOf, type NamedRequest } from './paths.ts';
import { readTable } from './read-table.ts';
import type { PredictionReport, ScoreHistogram } from './report-types.ts';

/** Spans from 0 to 1. */
export const SCORE_BINS = 20;

/** Columns of prediction_results.txt and of prediction_results_contigs.tsv. */
const SEQUENCE = { call: 1, score: 3 };
const CONTIG = { call: 7, score: 5 };

/**
 * Counts the scores of class virus in the results of the inputs: of every sequence, and the mean of every contig.
 *
 * @returns undefined where there are none
 * @throws errno errors; the reason of `signal`
 */
export async function countScores(
  directory: string,
  request: NamedRequest,
  stems: readonly string[],
  signal: AbortSignal,
): Promise<PredictionReport['scores']> {
  const [sequences, contigs] = [emptyHistogram(), emptyHistogram()];
  for (const stem of stems) {
    const names = pathsOf(request, { stem });
    await count(path.join(directory, names.results), SEQUENCE, sequences, signal);
    await count(path.join(directory, names.contigs), CONTIG, contigs, signal);
  }
  const isEmpty = [...sequences.virus, ...sequences.others].every((one) => one === 0);
  return isEmpty ? undefined : { sequences, contigs };
}

function emptyHistogram(): ScoreHistogram {
  const bins = () => Array.from({ length: SCORE_BINS }, () => 0);
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
      const bin = Math.min(SCORE_BINS - 1, Math.max(0, Math.floor(score * SCORE_BINS)));
      histogram[call][bin] = (histogram[call][bin] ?? 0) + 1;
    }
  }
}
