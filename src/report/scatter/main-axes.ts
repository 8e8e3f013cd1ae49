import { randomFrom } from './sample.ts';

/** Directions that are kept: many more than are drawn, so that those are found soon. */
const DIRECTIONS = 12;
/** Each makes what lies outside the main directions smaller by the ratio of the variances. */
const ITERATIONS = 8;
const SEED = 1;

/**
 * Coordinates of centred rows in the subspace of their main directions, found by subspace iteration from a fixed start: a
 * full decomposition of 2,000 × 2,560 values takes minutes, this takes a second or two, always the same steps. What it
 * leaves out is variance that a picture of two axes does not show.
 */
export function spanOfMainAxes(
  centred: Float64Array,
  rows: number,
  dim: number,
): { values: Float64Array; dim: number } {
  const width = Math.min(DIRECTIONS, rows, dim);
  const random = randomFrom(SEED);
  let basis = orthonormal(
    Float64Array.from({ length: dim * width }, () => random() - 0.5),
    dim,
    width,
  );
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const scores = times(centred, basis, rows, dim, width);
    basis = orthonormal(transposedTimes(centred, scores, rows, dim, width), dim, width);
  }
  return { values: times(centred, basis, rows, dim, width), dim: width };
}

/** `rows × dim` by `dim × width`. */
function times(left: Float64Array, right: Float64Array, rows: number, dim: number, width: number): Float64Array {
  const product = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < dim; column++) {
      const value = left[row * dim + column]!;
      for (let at = 0; at < width; at++) product[row * width + at]! += value * right[column * width + at]!;
    }
  }
  return product;
}

/** The transpose of `rows × dim` by `rows × width`. */
function transposedTimes(
  left: Float64Array,
  right: Float64Array,
  rows: number,
  dim: number,
  width: number,
): Float64Array {
  const product = new Float64Array(dim * width);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < dim; column++) {
      const value = left[row * dim + column]!;
      for (let at = 0; at < width; at++) product[column * width + at]! += value * right[row * width + at]!;
    }
  }
  return product;
}

/** Columns at right angles and of length 1, by modified Gram-Schmidt done twice; what depends on others becomes 0. */
function orthonormal(columns: Float64Array, dim: number, width: number): Float64Array {
  const dot = (a: number, b: number) => {
    let sum = 0;
    for (let row = 0; row < dim; row++) sum += columns[row * width + a]! * columns[row * width + b]!;
    return sum;
  };
  for (let at = 0; at < width; at++) {
    const before = Math.sqrt(dot(at, at));
    for (let pass = 0; pass < 2; pass++) {
      for (let other = 0; other < at; other++) {
        const overlap = dot(at, other);
        for (let row = 0; row < dim; row++) columns[row * width + at]! -= overlap * columns[row * width + other]!;
      }
    }
    const length = Math.sqrt(dot(at, at));
    const scale = length > before * 1e-10 ? 1 / length : 0;
    for (let row = 0; row < dim; row++) columns[row * width + at]! *= scale;
  }
  return columns;
}
