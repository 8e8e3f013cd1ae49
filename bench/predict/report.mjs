import { median } from '../lib/statistics.mjs';
import { STAGES } from './ours.mjs';

/** @typedef {import('../predict.mjs').Round} Round */
/** @typedef {import('../predict.mjs').Comparison} Comparison */
/** @typedef {import('./ours.mjs').Stage} Stage */

/**
 * @param {{ rounds: readonly Round[], comparisons: readonly Comparison[], sequences: number, chunks: number }} figures
 * @returns {string[]} lines
 */
export function formatFigures({ rounds, comparisons, sequences, chunks }) {
  const rows = STAGES.map((stage) =>
    rowOf(stage, rounds, stage === 'chunk' || stage === 'frames' ? chunks : sequences),
  );
  const widths = rows.concat([HEADER]).reduce(
    (most, row) => most.map((width, column) => Math.max(width, (row[column] ?? '').length)),
    HEADER.map(() => 0),
  );
  const lines = [HEADER, ...rows].map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
  return [
    '',
    'Seconds per stage (medians); ours are durable on disk (fsync) and validated, those of Python are not',
    ...lines,
    ...comparisons.slice(-1).map(describeComparison),
  ];
}

const HEADER = ['stage', 'seconds', 'per second', 'Python', 'ratio'];

/**
 * @param {Stage} stage
 * @param {readonly Round[]} rounds
 * @param {number} items chunks or sequences
 */
function rowOf(stage, rounds, items) {
  const ours = median(rounds.map((round) => round.ours[stage] ?? NaN));
  const python = median(rounds.map((round) => round.python[stage] ?? NaN));
  const ratio = median(rounds.map((round) => (round.python[stage] ?? NaN) / (round.ours[stage] ?? NaN)));
  return [
    stage,
    ours.toFixed(2),
    Math.round(items / ours).toLocaleString('en'),
    Number.isNaN(python) ? '–' : python.toFixed(2),
    Number.isNaN(ratio) ? '–' : `${ratio.toFixed(1)}×`,
  ];
}

/** @param {Comparison} comparison */
function describeComparison({ same, rows, otherLabels, scoreDifference }) {
  const others = Object.entries(same).filter(([, isSame]) => !isSame);
  const verdict =
    others.length === 0 ? 'all stages give the same' : `DIFFERENT: ${others.map(([stage]) => stage).join(', ')}`;
  return `${verdict}; merged rows bit by bit, scores of ${rows} rows within ${scoreDifference.toExponential(1)}, ${otherLabels} other labels`;
}
