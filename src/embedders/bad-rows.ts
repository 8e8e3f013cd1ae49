import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import type { EmbedItem, EmbedResult } from './types.ts';

/** One record of a batch whose row cannot be used. */
export interface BadRow {
  /** Place in the batch, from 0. */
  index: number;
  reason: string;
  /** The record itself is to blame beyond doubt: nothing is to be tried. */
  refused?: boolean;
}

/** Rows of a batch that cannot be used, with those that can: `EmbeddingError.InvalidInput` naming the first bad record. */
export class BadRowsError extends VirnucproError {
  /** In the order of the batch; at least one. */
  readonly bad: readonly BadRow[];
  readonly #rows: EmbedResult;
  readonly #dim: number;

  /** @param rows of the whole batch, the bad ones included */
  constructor(bad: readonly BadRow[], rows: EmbedResult, dim: number) {
    super(FailureType.EmbeddingInvalidInput, bad[0]?.reason ?? 'rows that cannot be used');
    this.bad = bad;
    this.#rows = rows;
    this.#dim = dim;
  }

  /** The records of `batch` whose rows are sound, and those rows. */
  soundRows(batch: readonly EmbedItem[]): { items: EmbedItem[]; vectors: Float32Array } {
    const bad = new Set(this.bad.map(({ index }) => index));
    const kept = batch.map((item, index) => ({ item, index })).filter(({ index }) => !bad.has(index));
    const vectors = new Float32Array(kept.length * this.#dim);
    for (const [place, { index }] of kept.entries()) {
      vectors.set(this.#rows.subarray(index * this.#dim, (index + 1) * this.#dim), place * this.#dim);
    }
    return { items: kept.map(({ item }) => item), vectors };
  }
}
