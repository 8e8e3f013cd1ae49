import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import type { Embedder, EmbedItem, EmbedTask } from '../embedders/types.ts';

/** Rows of some consecutive items of a batch. */
export interface EmbeddedRows {
  items: readonly EmbedItem[];
  vectors: Float32Array;
}

/**
 * Embeds batches of one task and copes with what embedders do:
 *
 * - its process died: it is started again and the batch tried once more;
 * - out of memory: the batch is halved, and so are the batches after it;
 * - it fails on a batch twice: the batch is split until the record is found that fails alone.
 */
export class BatchEmbedder {
  readonly #embedder: Embedder;
  readonly #task: EmbedTask;
  readonly #signal: AbortSignal;
  /** Largest batch that is tried; falls when memory runs out. */
  #limit: number;
  #succeeded = false;

  constructor(embedder: Embedder, task: EmbedTask, batchSize: number, signal: AbortSignal) {
    this.#embedder = embedder;
    this.#task = task;
    this.#limit = batchSize;
    this.#signal = signal;
  }

  get batchSize(): number {
    return this.#limit;
  }

  /**
   * Yields rows as they come, in the order of the items.
   *
   * @throws VirnucproError `EmbeddingError.InvalidInput` naming the record that fails alone while others do not
   */
  async *embed(items: readonly EmbedItem[]): AsyncGenerator<EmbeddedRows> {
    const open: (readonly EmbedItem[])[] = [items];
    for (let batch = open.pop(); batch !== undefined; batch = open.pop()) {
      if (batch.length > this.#limit) {
        pushHalves(open, batch);
        continue;
      }
      const vectors = await this.#tryTwice(batch);
      if (vectors instanceof VirnucproError) this.#split(open, batch, vectors);
      else yield { items: batch, vectors };
    }
  }

  async #tryTwice(batch: readonly EmbedItem[]): Promise<Float32Array | VirnucproError> {
    const first = await this.#try(batch);
    if (!(first instanceof VirnucproError) || first.type === FailureType.EmbeddingOutOfMemory) return first;
    return this.#try(batch);
  }

  async #try(batch: readonly EmbedItem[]): Promise<Float32Array | VirnucproError> {
    try {
      await this.#embedder.start(this.#signal);
      const vectors = await this.#embedder.embed(this.#task, batch, this.#signal);
      this.#succeeded = true;
      return vectors;
    } catch (error) {
      if (error instanceof VirnucproError && SPLITTABLE.has(error.type) && !this.#signal.aborted) return error;
      throw error;
    }
  }

  #split(open: (readonly EmbedItem[])[], batch: readonly EmbedItem[], error: VirnucproError): void {
    const outOfMemory = error.type === FailureType.EmbeddingOutOfMemory;
    if (batch.length > 1) {
      if (outOfMemory) this.#limit = Math.ceil(batch.length / 2);
      pushHalves(open, batch);
      return;
    }
    // An embedder that fails on everything is not the record's fault: only what fails beside successes is.
    if (outOfMemory || !this.#succeeded) throw error;
    const message = `record "${batch[0]?.id}" of ${this.#task.file} makes the embedder fail on its own: ${error.message}`;
    throw new VirnucproError(FailureType.EmbeddingInvalidInput, message, { cause: error });
  }
}

const SPLITTABLE: ReadonlySet<FailureType> = new Set([FailureType.EmbeddingEmbedder, FailureType.EmbeddingOutOfMemory]);

/** The first half comes off the stack first. */
function pushHalves(open: (readonly EmbedItem[])[], batch: readonly EmbedItem[]): void {
  const middle = Math.ceil(batch.length / 2);
  open.push(batch.slice(middle), batch.slice(0, middle));
}
