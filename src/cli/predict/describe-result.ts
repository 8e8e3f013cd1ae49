import * as path from 'node:path';
import { REPORT } from '../../run/run-folder.ts';
import { countSkipped } from '../../run/skipped-sequences.ts';
import { plural, printable } from '../terminal.ts';
import type { InputResult, PredictResult } from './predict-result.ts';

const MOST_LISTED = 10;

/** What people read on stdout. */
export function describeResult(result: PredictResult): string {
  const { outcome, inputs, contigs, viralContigs, seconds, error, directory } = result;
  const time = `${seconds.toFixed(1)} s`;
  const found = `${viralContigs} of ${plural(contigs, 'contig')} viral, in ${plural(inputs, 'input')}; `;
  const lines = [`${outcome ?? 'left open'}: ${inputs === 0 ? 'after ' : found}${time}`];
  if (inputs > 0) lines.push(describeEmbedding(result));
  if (error !== undefined) lines.push(`${error.type}: ${error.message}`);
  lines.push(...result.notes.map((note) => `note: ${printable(note)}`), ...describeInputs(result.results));
  if (outcome === 'success' || outcome === 'partial' || outcome === 'checkpoint')
    lines.push(`everything is in ${printable(path.join(directory ?? '', REPORT))}`);
  return `${lines.join('\n')}\n`;
}

function describeEmbedding({ chunks, viralChunks, sequences, embedding }: PredictResult): string {
  const { tasks, found, embedded, failed, skipped, rows, skippedSequences } = embedding;
  const checkpoints = `${tasks} checkpoints: ${found} found, ${embedded} embedded, ${failed} failed, ${skipped} skipped`;
  return `${viralChunks} of ${plural(chunks, 'chunk')} viral, from ${plural(sequences, 'translated frame')}; ${checkpoints}; ${rows} rows${countSkipped(skippedSequences)}`;
}

function describeInputs(results: readonly InputResult[]): string[] {
  const lines = results.slice(0, MOST_LISTED).flatMap(describeInput);
  return results.length > MOST_LISTED ? [...lines, `  … and ${results.length - MOST_LISTED} more inputs`] : lines;
}

function describeInput({
  stem,
  result,
  reason,
  contigs,
  viralContigs,
  chunks,
  sequences,
  files,
}: InputResult): string[] {
  const name = printable(stem);
  if (result === 'missing') return [`  ${name}: no result${reason === undefined ? '' : `: ${printable(reason)}`}`];
  const isPartial = result === 'partial';
  const holes = isPartial ? `; with holes: ${printable(reason ?? '')}` : '';
  const why = isPartial ? '' : 'no frame is free of stops: ';
  const none = sequences === 0 && chunks > 0 ? `; ${why}nothing was classified` : '';
  const { predictions, highestScore, contigs: contigTable } = files;
  return [
    `  ${name}: ${viralContigs} of ${plural(contigs, 'contig')} viral${none}${holes}`,
    ...[contigTable, highestScore, predictions].flatMap((file) =>
      file === undefined ? [] : [`    ${printable(file)}`],
    ),
  ];
}
