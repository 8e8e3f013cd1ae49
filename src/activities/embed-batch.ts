import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { BadRowsError } from '../embedders/bad-rows.ts';
import { EmbedderDiedError } from '../embedders/embedder-error.ts';
import type { Embedder, EmbedItem, EmbedTask } from '../embedders/types.ts';
import { BatchLimit } from './batch-limit.ts';
import { accessTo, type EmbedderAccess } from './embedder-access.ts';
import { UNOBSERVED, type Observation } from './observation.ts';
import { ObservedEmbedder } from './observed-embedder.ts';

/** Rows of some items of a batch. */
export interface EmbeddedRows {
  items: readonly EmbedItem[];
  vectors: Float32Array;
}

/** A record that fails alone while others do not. */
export interface BadSequence {
  item: EmbedItem;
  error: VirnucproError;
  /** The embedder takes no such record, whatever else it does. */
  refused?: boolean;
}

/** What a batch embedder tells its surroundings. */
export interface BatchEmbedderOptions {
  /** Called before each batch, with the embedder started; what it throws ends the attempt. */
  onStarted?: (embedder: Embedder) => Promise<void>;
  observation?: Observation;
}

/** Some of the items of a batch. */
interface Piece {
  items: readonly EmbedItem[];
  /** Something went wrong that another task may have caused: nobody else may use the embedder meanwhile. */
  alone: boolean;
}

/** A record that failed alone, but so may any other: whether it is to blame is not known yet. */
interface Suspect {
  items: readonly EmbedItem[];
  error: VirnucproError;
}

/** Records that fail one after the other before a record that is known to be good is tried. */
const SUSPECTS_BEFORE_CONTROL = 4;
/** The same where none is known to be good: an embedder that fails on so many and on nothing else is broken itself. */
const MAX_SUSPECTS = 64;

/** Failures that may be due to a record; a lost device never is. */
const SPLITTABLE: ReadonlySet<FailureType> = new Set([
  FailureType.EmbeddingEmbedder,
  FailureType.EmbeddingOutOfMemory,
  FailureType.EmbeddingInvalidInput,
]);

/**
 * Embeds batches of one task and copes with what embedders do:
 *
 * - its process died: it is started again and the batch tried once more, with no other task beside it;
 * - out of memory: the batch is halved, and so are the batches after it, of other tasks too;
 * - it fails on a batch twice: the batch is split until the records are found that fail alone;
 * - it names the records whose rows are NaN, or that it refuses: the other rows are taken as they are.
 *
 * An embedder that fails on everything is not the records' fault: a record is bad only if it fails alone, another one
 * succeeds after that, and then it fails alone again.
 */
export class BatchEmbedder {
  readonly #embedder: Embedder;
  readonly #task: EmbedTask;
  readonly #signal: AbortSignal;
  readonly #access: EmbedderAccess;
  readonly #limit: BatchLimit;
  readonly #onStarted: BatchEmbedderOptions['onStarted'];
  readonly #observation: Observation;
  readonly #observed: ObservedEmbedder;
  #suspects: Suspect[] = [];
  /** A record was embedded after the last of the suspects had failed. */
  #works = false;
  #good: EmbedItem | undefined;

  constructor(
    embedder: Embedder,
    task: EmbedTask,
    batchSize: number,
    signal: AbortSignal,
    { onStarted, observation = UNOBSERVED }: BatchEmbedderOptions = {},
  ) {
    this.#embedder = embedder;
    this.#task = task;
    this.#signal = signal;
    this.#onStarted = onStarted;
    this.#observation = observation;
    this.#observed = new ObservedEmbedder(embedder, task, observation);
    this.#access = accessTo(embedder);
    this.#limit = new BatchLimit(batchSize, this.#access);
  }

  get batchSize(): number {
    return this.#limit.size;
  }

  /** Tells of a record that has its row already: it can show whether the embedder works at all. */
  know(good: EmbedItem): void {
    this.#good ??= good;
  }

  /**
   * Gives rows, and bad records, as they become known: a record that fails may be settled batches later, or by
   * {@link finish}.
   *
   * @throws VirnucproError the embedder's own failure, where it is not one of single records; the abort reason
   */
  async *embed(items: readonly EmbedItem[]): AsyncGenerator<EmbeddedRows | BadSequence> {
    const open: Piece[] = [{ items, alone: false }];
    for (let piece = open.pop(); piece !== undefined; piece = open.pop()) {
      if (piece.items.length > this.#limit.size) {
        pushHalves(open, piece);
        continue;
      }
      const outcome = await this.#tryPiece(piece, piece.items === items);
      if (!(outcome instanceof VirnucproError)) yield outcome;
      else if (outcome instanceof BadRowsError) yield* this.#takeSound(piece, outcome);
      else this.#split(open, piece, outcome);
      if (this.#suspects.length >= (this.#good === undefined ? MAX_SUSPECTS : SUSPECTS_BEFORE_CONTROL)) {
        await this.#control(FailureType.EmbeddingEmbedder);
      }
      yield* this.#settle();
    }
    this.#limit.settle();
    if (this.#suspects.length === 0) this.#observed.settle();
  }

  /** Settles the records that failed last, once the file has no others. */
  async *finish(): AsyncGenerator<EmbeddedRows | BadSequence> {
    if (this.#suspects.length === 0) return;
    await this.#control(this.#suspects[0]?.error.type);
    yield* this.#settle();
  }

  /** A whole batch gets a second chance; a death, or a full memory for one record, counts only if nobody else was there. */
  async #tryPiece(piece: Piece, isWhole: boolean): Promise<EmbeddedRows | VirnucproError> {
    const first = await this.#try(piece);
    if (!(first instanceof VirnucproError) || first instanceof BadRowsError) return first;
    const mayBeOthers = first instanceof EmbedderDiedError || (isOutOfMemory(first) && piece.items.length === 1);
    if (mayBeOthers && !piece.alone) {
      piece.alone = true;
      return this.#try(piece);
    }
    return isWhole && !isOutOfMemory(first) ? this.#try(piece) : first;
  }

  async #try({ items, alone }: Piece): Promise<EmbeddedRows | VirnucproError> {
    const embed = async () => {
      await this.#start();
      return this.#observed.embed(items, this.#signal);
    };
    try {
      const vectors = await this.#access.gate.pass(alone, embed, this.#signal);
      this.#works = true;
      this.#good = items[0];
      return { items, vectors };
    } catch (error) {
      if (error instanceof StartError) throw error.failure;
      if (error instanceof VirnucproError && SPLITTABLE.has(error.type) && !this.#signal.aborted) return error;
      throw error;
    }
  }

  /** An embedder that does not start fails on no record: after a second try that ends the attempt. */
  async #start(): Promise<void> {
    try {
      await this.#embedder.start(this.#signal).catch(() => this.#embedder.start(this.#signal));
      await this.#onStarted?.(this.#embedder);
    } catch (error) {
      throw new StartError(error);
    }
  }

  *#takeSound({ items }: Piece, error: BadRowsError): Generator<EmbeddedRows | BadSequence> {
    const suspects = this.#suspects.length;
    for (const { index, reason, refused } of error.bad) {
      const [item] = items.slice(index, index + 1);
      if (item === undefined) continue;
      const failure = new VirnucproError(error.type, reason);
      if (refused === true) yield { item, error: failure, refused };
      else this.#suspects.push({ items: [item], error: failure });
    }
    const sound = error.soundRows(items);
    if (sound.items.length === 0) {
      // A record that is refused says nothing of whether the embedder works.
      if (this.#suspects.length > suspects) this.#works = false;
      return;
    }
    this.#works = true;
    this.#good = sound.items[0];
    yield sound;
  }

  #split(open: Piece[], piece: Piece, error: VirnucproError): void {
    if (isOutOfMemory(error)) {
      this.#limit.tooLarge(piece.items);
      this.#observation.tell({ type: 'batch-halved', rows: piece.items.length });
    }
    if (piece.items.length > 1) {
      pushHalves(open, piece);
      return;
    }
    this.#suspects.push({ items: piece.items, error });
    this.#works = false;
  }

  /**
   * Makes sure that the embedder works, with a record that is known to be good.
   *
   * @param type of the failure if no record is known to be good
   */
  async #control(type: FailureType = FailureType.EmbeddingEmbedder): Promise<void> {
    const [first] = this.#suspects;
    if (first === undefined || this.#works) return;
    if (this.#good === undefined) throw this.#broken(first.error, type);
    this.#observed.again(this.#good);
    const outcome = await this.#try({ items: [this.#good], alone: true });
    if (outcome instanceof VirnucproError) throw this.#broken(outcome, FailureType.EmbeddingEmbedder);
  }

  #broken(error: VirnucproError, type: FailureType): VirnucproError {
    const since = `${this.#suspects.length} failed, first "${this.#suspects[0]?.items[0]?.id}"`;
    const message = `${error.message} (no record of ${this.#task.file} could be embedded since ${since})`;
    return new VirnucproError(isOutOfMemory(error) ? error.type : type, message, { cause: error });
  }

  /** Once the embedder has shown that it works, whoever fails again, with nobody beside it, is to blame. */
  async *#settle(): AsyncGenerator<EmbeddedRows | BadSequence> {
    if (!this.#works) return;
    for (const { items } of this.#suspects.splice(0)) {
      const outcome = await this.#try({ items, alone: true });
      const [item] = items;
      if (!(outcome instanceof VirnucproError)) yield outcome;
      else if (item !== undefined) yield { item, error: outcome };
    }
  }
}

/** Keeps what goes wrong before a batch is given away apart from what a batch does. */
class StartError extends Error {
  readonly failure: unknown;

  constructor(failure: unknown) {
    super('the embedder does not start');
    this.failure = failure;
  }
}

function isOutOfMemory({ type }: VirnucproError): boolean {
  return type === FailureType.EmbeddingOutOfMemory;
}

/** The first half comes off the stack first. */
function pushHalves(open: Piece[], { items, alone }: Piece): void {
  const middle = Math.ceil(items.length / 2);
  open.push({ items: items.slice(middle), alone }, { items: items.slice(0, middle), alone });
}
