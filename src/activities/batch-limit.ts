import type { EmbedItem } from '../embedders/types.ts';
import type { EmbedderAccess } from './embedder-access.ts';

/**
 * The largest batch that is worth trying. Falls to half of what memory was too small for, for all tasks that use the same
 * embedder, and does not grow again while it is resident. A batch with a record that does not even fit alone says nothing
 * of others.
 */
export class BatchLimit {
  readonly #asked: number;
  readonly #access: EmbedderAccess;
  /** Of the batch at hand. */
  #tooLarge: (readonly EmbedItem[])[] = [];
  readonly #misfits = new Set<EmbedItem>();

  /** @param asked largest batch where memory suffices */
  constructor(asked: number, access: EmbedderAccess) {
    this.#asked = asked;
    this.#access = access;
  }

  get size(): number {
    return Math.min(this.#asked, this.#learned());
  }

  /** Memory was too small for this batch. */
  tooLarge(batch: readonly EmbedItem[]): void {
    if (batch.length > 1) this.#tooLarge.push(batch);
    else for (const item of batch) this.#misfits.add(item);
  }

  /** Ends the batch at hand: what was learned from it holds for other tasks, too. */
  settle(): void {
    this.#access.batchLimit = this.#learned();
    this.#tooLarge = [];
    this.#misfits.clear();
  }

  #learned(): number {
    let size = this.#access.batchLimit;
    for (const batch of this.#tooLarge) {
      if (!batch.some((item) => this.#misfits.has(item))) size = Math.min(size, Math.ceil(batch.length / 2));
    }
    return size;
  }
}
