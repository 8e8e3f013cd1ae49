import type { RowSource } from './types.ts';

/**
 * Rows that are already in memory.
 *
 * @param values `rows × dim` values, row after row
 * @throws RangeError if the values are not whole rows
 */
export function arrayRowSource(values: Float32Array, dim: number): RowSource {
  const rows = values.length / dim;
  if (!Number.isInteger(dim) || dim < 1 || !Number.isInteger(rows)) {
    throw new RangeError(`${values.length} values are not rows of ${dim}`);
  }
  return {
    rows,
    dim,
    read: (start, count, into) => into.set(values.subarray(start * dim, (start + count) * dim)),
  };
}
