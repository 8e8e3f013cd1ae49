import { scoreText } from './score-text.ts';

/** First line of prediction_results.txt. */
export const RESULTS_HEADER = 'Sequence_ID\tPrediction\tscore1\tscore2';

/** A row of prediction_results.txt. */
export interface ResultRow {
  id: string;
  /** Of `others`. */
  score1: number;
  /** Of `virus`. */
  score2: number;
}

/** Of two equal scores the first one counts, as in torch.argmax. */
export function resultLine({ id, score1, score2 }: ResultRow): string {
  return `${id}\t${score2 > score1 ? 'virus' : 'others'}\t${scoreText(score1)}\t${scoreText(score2)}\n`;
}

/** @returns undefined if it is no such line */
export function parseResultLine(line: string): ResultRow | undefined {
  const cells = line.split('\t');
  if (cells.length !== 4) return undefined;
  const [id = '', label = '', first = '', second = ''] = cells;
  const [score1, score2] = [parseScore(first), parseScore(second)];
  const isRow = id !== '' && (label === 'virus' || label === 'others');
  return isRow && score1 !== undefined && score2 !== undefined ? { id, score1, score2 } : undefined;
}

const SCORE = /^[0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]+)?$/iu;

export function parseScore(text: string): number | undefined {
  return SCORE.test(text) ? Number(text) : undefined;
}

/**
 * Two scores that may stand for the same prediction: of other versions of torch, on other devices, in half precision.
 * VirNucPro's own implementations differ by less.
 */
const SAME_SCORE = 1e-3;

export function isSameScore(a: number, b: number): boolean {
  return Math.abs(a - b) <= SAME_SCORE;
}
