import { PCA } from 'ml-pca';
import { spanOfMainAxes } from './main-axes.ts';

/** Rows on the two axes along which they differ most. */
export interface Projection {
  x: Float64Array;
  y: Float64Array;
  /** Shares of the variance of the rows, 0 to 1. */
  explained: [number, number];
}

/** Rows of more values are first turned into their main directions: the decomposition takes time with the square of this. */
const MAX_DIRECT = 32;

/**
 * The first two principal components of `rows × dim` values: centred, not scaled. Signs are chosen so that the largest score
 * of each axis is positive.
 *
 * @returns undefined if all rows are the same, or there is only one
 */
export function principalAxes(values: Float32Array, rows: number, dim: number): Projection | undefined {
  const centred = centre(values, rows, dim);
  const total = squares(centred);
  if (rows < 2 || !(total > 0)) return undefined;
  const isWide = dim > MAX_DIRECT;
  const reduced = isWide ? spanOfMainAxes(centred, rows, dim) : { values: centred, dim };
  const table = Array.from({ length: rows }, (_, row) => [
    ...reduced.values.subarray(row * reduced.dim, (row + 1) * reduced.dim),
  ]);
  const scores = new PCA(table, { method: 'SVD', center: false }).predict(table);
  const axis = (at: number) => (at < scores.columns ? upright(scores.getColumn(at)) : new Float64Array(rows));
  const [x, y] = [axis(0), axis(1)];
  return { x, y, explained: [squares(x) / total, squares(y) / total] };
}

function centre(values: Float32Array, rows: number, dim: number): Float64Array {
  const centred = new Float64Array(rows * dim);
  const means = new Float64Array(dim);
  for (let row = 0; row < rows; row++) {
    for (let at = 0; at < dim; at++) means[at]! += values[row * dim + at]! / rows;
  }
  for (let row = 0; row < rows; row++) {
    for (let at = 0; at < dim; at++) centred[row * dim + at] = values[row * dim + at]! - means[at]!;
  }
  return centred;
}

function squares(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum;
}

/** The sign of an axis means nothing; without a rule it would change from machine to machine. */
function upright(scores: readonly number[]): Float64Array {
  let largest = 0;
  for (const score of scores) if (Math.abs(score) > Math.abs(largest)) largest = score;
  const sign = largest < 0 ? -1 : 1;
  return Float64Array.from(scores, (score) => (Number.isFinite(score) ? sign * score : 0));
}
