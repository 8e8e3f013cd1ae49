import type { BatchCost } from '../contract/activity-events.ts';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { BadRowsError } from '../embedders/bad-rows.ts';
import type { Embedder, EmbedItem, EmbedTask } from '../embedders/types.ts';
import { secondsSince, type Observation } from './observation.ts';

/** Gives batches of one task to an embedder and tells what becomes of them. */
export class ObservedEmbedder {
  readonly #embedder: Embedder;
  readonly #task: EmbedTask;
  readonly #observation: Observation;
  /** Records that the embedder was given, in vain or not, and that may come again. */
  readonly #givenBefore = new Set<EmbedItem>();

  constructor(embedder: Embedder, task: EmbedTask, observation: Observation) {
    this.#embedder = embedder;
    this.#task = task;
    this.#observation = observation;
  }

  /** @throws what the embedder throws */
  async embed(items: readonly EmbedItem[], signal: AbortSignal): Promise<Float32Array> {
    this.#tellAgain(items);
    let cost: BatchCost | undefined;
    const onCost = (counted: BatchCost) => {
      cost = counted;
    };
    const begunAt = performance.now();
    const tell = (rows: number) => {
      const [letters, seconds] = [lettersOf(items), secondsSince(begunAt)];
      this.#observation.tell({ type: 'batch-embedded', rows, letters, seconds, ...(cost && { cost }) });
    };
    try {
      const vectors = await this.#embedder.embed({ ...this.#task, onCost }, items, signal);
      tell(items.length);
      return vectors;
    } catch (error) {
      if (error instanceof BadRowsError) tell(items.length - error.bad.length);
      // What did not fit into memory was not computed.
      if (!isOutOfMemory(error)) for (const item of items) this.again(item);
      throw error;
    }
  }

  /** If this record is given to the embedder from now on, it is computed once more. */
  again(item: EmbedItem): void {
    this.#givenBefore.add(item);
  }

  /** No record that was given so far comes again. */
  settle(): void {
    this.#givenBefore.clear();
  }

  #tellAgain(items: readonly EmbedItem[]): void {
    if (this.#givenBefore.size === 0) return;
    const rows = items.filter((item) => this.#givenBefore.has(item)).length;
    if (rows > 0) this.#observation.tell({ type: 'rows-recomputed', cause: 'retried', rows });
  }
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof VirnucproError && error.type === FailureType.EmbeddingOutOfMemory;
}

function lettersOf(items: readonly EmbedItem[]): number {
  let letters = 0;
  for (const { sequence } of items) letters += sequence.length;
  return letters;
}
