import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import type { EmbedItem } from '../embedders/types.ts';
import { readPart } from '../sequences/index.ts';
import type { Spool } from '../spool/index.ts';
import type { BadSequence, BatchEmbedder, EmbeddedRows } from './embed-batch.ts';
import type { ObservedScope } from './observed-scope.ts';
import type { LoadedTask } from './task.ts';

/** What embedding needs besides its task. */
export interface EmbeddingSurroundings extends Pick<ObservedScope, 'signal' | 'observation'> {
  /** Called when rows have become durable. */
  onDurable(): void;
}

/**
 * Embeds what the spool lacks, batch by batch. A batch is durable before the next is computed, so a kill costs at most one;
 * meanwhile the embedder has the other tasks in flight to compute. Records that fail alone are skipped where the run asks
 * for it.
 *
 * @throws VirnucproError `EmbeddingError.InvalidInput` naming a record that fails alone, `EmbeddingError.OutOfMemory` if
 *   that is why; the former, too, if all records were skipped; what BatchEmbedder and the spool throw
 */
export async function embedMissingRows(
  loaded: LoadedTask,
  spool: Spool,
  batches: BatchEmbedder,
  surroundings: EmbeddingSurroundings,
): Promise<void> {
  // What a crash costs is one batch either way, so a task of one batch needs no fsync of its spool.
  const { batchLetters } = loaded.embedder.description;
  const sync = batchLetters !== undefined || loaded.shape.rows > batches.batchSize;
  const { signal, observation, onDurable } = surroundings;
  const writer = new RowWriter(loaded, spool, sync, surroundings);
  onDurable();
  let isResumed = spool.epoch > 1;
  for await (const items of missingBatches(loaded, spool, batches, signal)) {
    // The attempt before may have had this very batch in flight: the one after it was not begun.
    if (isResumed) observation.tell({ type: 'rows-recomputed', cause: 'resumed', rows: items.length });
    isResumed = false;
    for await (const result of batches.embed(items)) await writer.take(result);
  }
  for await (const result of batches.finish()) await writer.take(result);
  writer.requireNoMisfit();
  requireSomeRow(loaded, spool, writer.skipped);
}

/** There are no checkpoints without rows. */
function requireSomeRow({ inputFile, shape }: LoadedTask, spool: Spool, skipped: BadSequence | undefined): void {
  if (spool.skipped < shape.rows) return;
  const first = skipped === undefined ? '' : `, first ${skipped.error.message}`;
  const message = `none of the ${shape.rows} records of ${inputFile} can be embedded${first}; leave the file out`;
  throw new VirnucproError(FailureType.EmbeddingInvalidInput, message);
}

class RowWriter {
  readonly #file: string;
  readonly #first: number;
  readonly #skipsBad: boolean;
  readonly #spool: Spool;
  readonly #sync: boolean;
  readonly #surroundings: EmbeddingSurroundings;
  #misfit: BadSequence | undefined;
  #skipped: BadSequence | undefined;

  constructor({ inputFile, task, plan }: LoadedTask, spool: Spool, sync: boolean, surroundings: EmbeddingSurroundings) {
    this.#file = inputFile;
    this.#first = task.part.first;
    this.#skipsBad = plan.header.onBadSequence === 'skip';
    this.#spool = spool;
    this.#sync = sync;
    this.#surroundings = surroundings;
  }

  /** The first record that was skipped by this attempt. */
  get skipped(): BadSequence | undefined {
    return this.#skipped;
  }

  /** Resolves when the rows are durable. */
  async take(result: EmbeddedRows | BadSequence): Promise<void> {
    if ('error' in result) return this.#takeBad(result);
    const ordinals = result.items.map(({ ordinal }) => ordinal - this.#first);
    const bytes = await this.#spool.append(ordinals, result.vectors, { sync: this.#sync });
    const { observation, onDurable } = this.#surroundings;
    const { durableRows } = this.#spool;
    observation.tell({ type: 'rows-durable', rows: ordinals.length, bytes, durableRows });
    onDurable();
  }

  async #takeBad(bad: BadSequence): Promise<void> {
    if (!this.#skipsBad && isMisfit(bad)) {
      this.#misfit ??= bad;
      return;
    }
    if (!this.#skipsBad) throw badSequence(this.#file, bad);
    this.#skipped ??= bad;
    const { id, ordinal } = bad.item;
    await this.#spool.skip([{ ordinal: ordinal - this.#first, id, reason: bad.error.message }]);
    this.#surroundings.observation.tell({ type: 'sequence-skipped', id });
    this.#surroundings.onDurable();
  }

  /**
   * What does not fit into memory fails the file when the others have their rows: a failure right away would be tried again
   * as long as each attempt makes a few rows.
   */
  requireNoMisfit(): void {
    if (this.#misfit !== undefined) throw badSequence(this.#file, this.#misfit);
  }
}

function isMisfit({ error }: BadSequence): boolean {
  return error.type === FailureType.EmbeddingOutOfMemory;
}

/** A device with more memory may hold what this one cannot, so only that is worth another attempt. */
function badSequence(file: string, bad: BadSequence): VirnucproError {
  const { item, error, refused } = bad;
  const isTooLarge = isMisfit(bad);
  const onItsOwn = refused === true ? 'cannot be embedded' : 'makes the embedder fail on its own';
  const what = isTooLarge ? 'does not fit into memory even alone' : onItsOwn;
  const message = `record "${item.id}" of ${file} ${what}: ${error.message} (--on-bad-sequence skip goes on without it)`;
  return new VirnucproError(isTooLarge ? error.type : FailureType.EmbeddingInvalidInput, message, { cause: error });
}

async function* missingBatches(
  { plan, task, inputFile, embedder }: LoadedTask,
  spool: Spool,
  batches: BatchEmbedder,
  signal: AbortSignal,
): AsyncGenerator<EmbedItem[]> {
  const { chunkLength } = plan.header;
  const options = { gzip: task.gzip, signal, ...(chunkLength === null ? {} : { chunkLength }) };
  const { batchLetters = Number.POSITIVE_INFINITY } = embedder.description;
  let batch: EmbedItem[] = [];
  let letters = 0;
  for await (const window of readPart(inputFile, task.part, options)) {
    const ordinal = window.ordinal - task.part.first;
    if (spool.has(ordinal)) batches.know(window);
    if (spool.has(ordinal) || spool.hasSkipped(ordinal)) continue;
    batch.push(window);
    letters += window.sequence.length;
    if (batch.length < batches.batchSize && letters < batchLetters) continue;
    yield batch;
    batch = [];
    letters = 0;
  }
  if (batch.length > 0) yield batch;
}
