import * as path from 'node:path';
import { readTable } from '../../prediction/read-table.ts';

/** A line of prediction_results_contigs.tsv. */
export interface ContigLine {
  /** Position of its input among those of the report. */
  input: number;
  contig: string;
  length: number;
  chunks: number;
  classified: number;
  viral: number;
  /** Undefined where no chunk was classified. */
  mean: number | undefined;
  max: number | undefined;
  call: 'virus' | 'others' | 'unclassified';
}

/** The contigs that a page may show, and how many there are. */
export interface ContigSample {
  total: number;
  viral: number;
  /** Viral ones first, then those with the highest scores; at most as many as asked for. */
  contigs: ContigLine[];
}

/**
 * Reads the contigs of all inputs and keeps the first of them.
 *
 * @param files the TSV files of the inputs, relative to `directory`; those that are not there are passed over
 * @throws errno errors
 */
export async function readContigs(directory: string, files: readonly string[], limit: number): Promise<ContigSample> {
  const sample: ContigSample = { total: 0, viral: 0, contigs: [] };
  for (const [input, file] of files.entries()) {
    for await (const rows of readTable(path.join(directory, file))) {
      for (const row of rows) {
        const line = contigLine(input, row);
        if (line === undefined) continue;
        sample.total++;
        if (line.call === 'virus') sample.viral++;
        sample.contigs.push(line);
      }
      if (sample.contigs.length > 4 * limit) sample.contigs = first(sample.contigs, limit);
    }
  }
  return { ...sample, contigs: first(sample.contigs, limit) };
}

function contigLine(input: number, row: readonly string[]): ContigLine | undefined {
  const [contig = '', length, chunks, classified, viral, mean, max, call] = row;
  if (call !== 'virus' && call !== 'others' && call !== 'unclassified') return undefined;
  return {
    ...{ input, contig, length: Number(length), chunks: Number(chunks), classified: Number(classified) },
    ...{ viral: Number(viral), mean: scoreOf(mean), max: scoreOf(max), call },
  };
}

function scoreOf(text: string | undefined): number | undefined {
  return text === undefined || text === '' ? undefined : Number(text);
}

const ORDER = { virus: 0, others: 1, unclassified: 2 };

function first(contigs: readonly ContigLine[], limit: number): ContigLine[] {
  return contigs
    .toSorted((a, b) => ORDER[a.call] - ORDER[b.call] || (b.mean ?? -1) - (a.mean ?? -1) || b.length - a.length)
    .slice(0, limit);
}
