import { BadRowsError, type BadRow } from './bad-rows.ts';
import { embedderError } from './embedder-error.ts';
import type { EmbedItem, Embedder, EmbedResult } from './types.ts';

/**
 * Keeps the port's promise for any embedder: a row for every item and every value finite, or a rejection.
 * Rows of NaN or infinity reject with a {@link BadRowsError}, which names their records and still holds the other rows.
 */
export function checkedEmbedder(inner: Embedder): Embedder {
  const { description } = inner;
  return {
    description,
    start: (signal) => inner.start(signal),
    stop: () => inner.stop(),
    get alive() {
      return inner.alive;
    },
    async embed(task, items, signal) {
      const rows = await inner.embed(task, items, signal);
      checkRows(description.name, description.dim, items, rows);
      return rows;
    },
  };
}

function checkRows(name: string, dim: number, items: readonly EmbedItem[], rows: EmbedResult): void {
  if (rows.length !== items.length * dim) {
    throw embedderError(`embedder ${name}: expected ${items.length} × ${dim} values, got ${rows.length}`);
  }
  const bad = nonFiniteRows(name, dim, items, rows);
  if (bad.length > 0) throw new BadRowsError(bad, rows, dim);
}

/** Records whose rows hold NaN or infinity, in the order of the batch. */
export function nonFiniteRows(name: string, dim: number, items: readonly EmbedItem[], rows: EmbedResult): BadRow[] {
  const bad: BadRow[] = [];
  for (let at = 0; at < rows.length; at++) {
    const value = rows[at] as number;
    if (Number.isFinite(value)) continue;
    const index = Math.floor(at / dim);
    const reason = `embedder ${name} gave ${value} for record "${items[index]?.id}"; remove the record or check its sequence`;
    bad.push({ index, reason });
    at = (index + 1) * dim - 1;
  }
  return bad;
}
