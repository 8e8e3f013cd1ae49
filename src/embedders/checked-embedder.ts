import { badRecord, embedderError } from './embedder-error.ts';
import type { EmbedItem, Embedder, EmbedResult } from './types.ts';

/**
 * Keeps the port's promise for any embedder: a row for every item and every value finite, or a rejection.
 * A row of NaN or infinity rejects with `EmbeddingError.InvalidInput` naming the record.
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
  for (let index = 0; index < rows.length; index++) {
    const value = rows[index] as number;
    if (Number.isFinite(value)) continue;
    const item = items[Math.floor(index / dim)];
    throw badRecord(`embedder ${name} gave ${value} for record "${item?.id}"; remove the record or check its sequence`);
  }
}
