import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import type { FileSystem } from '../platform/file-system.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { Bitset } from './bitset.ts';
import { claimEpoch, isOvertaken } from './claim-epoch.ts';
import { compactSegments, MAX_SEGMENTS } from './compact.ts';
import { highestEpoch } from './names.ts';
import { recoverSkips } from './read-skips.ts';
import { recoverRows } from './recover.ts';
import { SegmentWriter } from './segment-writer.ts';
import { SkipLog } from './skip-log.ts';
import { syncSpoolNames } from './sync-names.ts';
import type { EpochClaim, SegmentReference, SkippedRecord, SpoolShape } from './types.ts';

export interface OpenSpoolOptions {
  /** @default the real one */
  fileSystem?: FileSystem;
  signal: AbortSignal;
  /** Takes up the records that earlier attempts skipped; false: they are tried again. @default true */
  takeSkips?: boolean;
}

export interface AppendOptions {
  /**
   * false: the rows are not durable when `append` resolves. Only for a task whose rows fit one batch: what a crash costs
   * is that batch, as for any other task.
   *
   * @default true
   */
  sync?: boolean;
}

/**
 * Opens the spool of a task for one attempt: claims the next epoch, then takes up the rows that earlier epochs left.
 * The longest valid prefix of every segment counts; of two rows with one ordinal the one of the lowest epoch. Segments
 * of another task, row count or dim are left alone. What earlier epochs skipped stays skipped.
 *
 * @param folder made if absent
 * @throws VirnucproError `RunError.StaleAttempt` if another attempt removes the folder meanwhile; errno errors and the abort
 *   reason; an aborted signal never claims an epoch
 */
export async function openSpool(
  folder: string,
  shape: SpoolShape,
  claim: EpochClaim,
  { fileSystem = nodeFileSystem, signal, takeSkips = true }: OpenSpoolOptions,
): Promise<Spool> {
  signal.throwIfAborted();
  await fileSystem.makeFolder(folder);
  const { epoch, names } = await claimAndList(fileSystem, folder, claim, signal);
  const done = new Bitset(shape.rows);
  const recovered = await recoverRows(fileSystem, folder, names, { shape, epoch, done, signal });
  const skips = takeSkips ? await recoverSkips(fileSystem, folder, names, { shape, epoch, signal }) : [];
  // Whoever made these files may have died before their names were durable; what is counted from now on must survive a crash.
  if (recovered.length + skips.length > 0) await syncSpoolNames(fileSystem, folder);
  const skipLog = new SkipLog({ fileSystem, folder, shape, epoch }, skips);
  return new Spool({ folder, shape, epoch, fileSystem, signal, done, recovered, skipLog });
}

/** A folder that is gone as soon as it was made was removed by an attempt that has done the task. */
async function claimAndList(
  fileSystem: FileSystem,
  folder: string,
  claim: EpochClaim,
  signal: AbortSignal,
): Promise<{ epoch: number; names: string[] }> {
  try {
    const epoch = await claimEpoch(fileSystem, folder, highestEpoch(await fileSystem.list(folder)), claim, signal);
    // Listed again: a segment that was begun between the first listing and the claim counts too.
    return { epoch, names: epoch === 1 ? [] : await fileSystem.list(folder) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const message = `${folder}: another attempt has removed the folder: the task is done, or is begun anew`;
    throw new VirnucproError(FailureType.RunStaleAttempt, message, { cause: error });
  }
}

interface SpoolState {
  folder: string;
  shape: SpoolShape;
  epoch: number;
  fileSystem: FileSystem;
  signal: AbortSignal;
  done: Bitset;
  recovered: SegmentReference[];
  skipLog: SkipLog;
}

/** The spool of a task as one attempt writes it. See {@link openSpool}. */
export class Spool {
  readonly epoch: number;
  /** Rows that were there when this attempt began. */
  readonly recoveredRows: number;
  readonly #state: SpoolState;
  readonly #segments: SegmentReference[];
  #writer: SegmentWriter | undefined;
  /** Rows of this writer that count without being durable. */
  #unsynced: number[] = [];
  #skips: SegmentReference | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(state: SpoolState) {
    this.#state = state;
    this.epoch = state.epoch;
    this.recoveredRows = state.done.count;
    this.#segments = [...state.recovered];
  }

  /** Rows that need not be embedded again. */
  get durableRows(): number {
    return this.#state.done.count;
  }

  /** Records that the rows do without. */
  get skipped(): number {
    return this.#state.skipLog.count;
  }

  /** Once finished: the log of the records that have no row; undefined if all have one. */
  get skips(): SegmentReference | undefined {
    return this.#skips;
  }

  has(ordinal: number): boolean {
    return this.#state.done.has(ordinal);
  }

  hasSkipped(ordinal: number): boolean {
    return this.#state.skipLog.has(ordinal);
  }

  /**
   * Does without these records from now on, in later attempts too. They count, and are durable, when the promise resolves.
   *
   * @throws as {@link append}
   */
  skip(records: readonly SkippedRecord[]): Promise<void> {
    return this.#enqueue(() => {
      for (const { ordinal } of records) this.#checkOrdinal(ordinal);
      this.#state.signal.throwIfAborted();
      return this.#state.skipLog.add(records, () => this.#checkCurrent());
    });
  }

  /**
   * Adds a batch of rows; they count when the promise resolves, to the bytes that they take. Calls are worked off one after
   * the other.
   *
   * @param ordinals one per row, below `shape.rows`
   * @param vectors `ordinals.length × dim` values, all finite
   * @throws VirnucproError `RunError.StaleAttempt` if a later attempt has taken over; the abort reason; errno errors,
   *   after which the rows of this batch do not count and may be appended again (they go to a new segment)
   * @throws RangeError if the lengths do not fit or an ordinal is out of range
   */
  append(ordinals: ArrayLike<number>, vectors: Float32Array, { sync = true }: AppendOptions = {}): Promise<number> {
    return this.#enqueue(() => this.#append(ordinals, vectors, sync));
  }

  /**
   * Ends the writing.
   *
   * @returns the segments that together hold all rows but the skipped ones; where two hold a row, the first one counts
   * @throws VirnucproError `RunError.SpoolIncomplete` if rows are missing; errno errors of the close
   */
  finish(): Promise<SegmentReference[]> {
    return this.#enqueue(async () => {
      await this.#closeWriter();
      const { folder, shape, done, skipLog } = this.#state;
      this.#skips = await skipLog.finish((ordinal) => done.has(ordinal));
      if (done.count + skipLog.count < shape.rows) {
        throw new VirnucproError(
          FailureType.RunSpoolIncomplete,
          `${folder}: expected ${shape.rows} rows, found ${done.count}; embed the file again`,
        );
      }
      if (this.#segments.length <= MAX_SEGMENTS) return [...this.#segments];
      return compactSegments(folder, shape, this.#segments, { ...this.#state, skipped: skipLog.ordinals() });
    });
  }

  /** Lets go of the files; what is durable stays for the next attempt. Safe to call more than once, and after finish. */
  async close(): Promise<void> {
    await this.#enqueue(async () => {
      await this.#state.skipLog.close();
      await this.#dropWriter();
    });
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #append(ordinals: ArrayLike<number>, vectors: Float32Array, sync: boolean): Promise<number> {
    this.#checkBatch(ordinals, vectors);
    if (ordinals.length === 0) return 0;
    const { fileSystem, folder, shape, signal } = this.#state;
    signal.throwIfAborted();
    let bytes = 0;
    try {
      this.#writer ??= await SegmentWriter.create(fileSystem, folder, shape, this.epoch);
      bytes = await this.#writer.write(ordinals, vectors);
      if (sync) {
        await this.#checkCurrent();
        await this.#writer.commit();
      }
    } catch (error) {
      await this.#dropWriter();
      throw await this.#explained(error);
    }
    if (sync) this.#unsynced = [];
    this.#count(ordinals, sync);
    return bytes;
  }

  #count(ordinals: ArrayLike<number>, sync: boolean): void {
    for (let index = 0; index < ordinals.length; index++) {
      const ordinal = ordinals[index] as number;
      if (this.#state.done.add(ordinal) && !sync) this.#unsynced.push(ordinal);
    }
  }

  #checkBatch(ordinals: ArrayLike<number>, vectors: Float32Array): void {
    const { dim } = this.#state.shape;
    if (vectors.length !== ordinals.length * dim) {
      throw new RangeError(`expected ${ordinals.length} × ${dim} values, got ${vectors.length}`);
    }
    for (let index = 0; index < ordinals.length; index++) this.#checkOrdinal(ordinals[index] as number);
  }

  #checkOrdinal(ordinal: number): void {
    const { rows } = this.#state.shape;
    if (Number.isInteger(ordinal) && ordinal >= 0 && ordinal < rows) return;
    throw new RangeError(`expected an ordinal below ${rows}, got ${ordinal}`);
  }

  async #checkCurrent(): Promise<void> {
    const { signal, fileSystem, folder } = this.#state;
    signal.throwIfAborted();
    if (await isOvertaken(fileSystem, folder, this.epoch)) throw this.#stale();
  }

  /** Files that are not found in a folder that another attempt has removed are no fault of the storage. */
  async #explained(error: unknown): Promise<unknown> {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return error;
    const { fileSystem, folder } = this.#state;
    const overtaken = await isOvertaken(fileSystem, folder, this.epoch).catch(() => false);
    return overtaken ? this.#stale() : error;
  }

  #stale(): VirnucproError {
    return new VirnucproError(
      FailureType.RunStaleAttempt,
      `${this.#state.folder}: a later attempt has taken over (this one holds epoch ${this.epoch}); its rows go on from there`,
    );
  }

  async #closeWriter(): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined) return;
    try {
      await writer.close();
    } catch (error) {
      await this.#dropWriter();
      throw error;
    }
    this.#writer = undefined;
    this.#unsynced = [];
    if (writer.reference !== undefined) this.#segments.push(writer.reference);
  }

  /** Gives a segment up: its committed prefix goes on counting, the rows after it do not. */
  async #dropWriter(): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined) return;
    this.#writer = undefined;
    await writer.abandon();
    if (writer.reference !== undefined) this.#segments.push(writer.reference);
    for (const ordinal of this.#unsynced) this.#state.done.delete(ordinal);
    this.#unsynced = [];
  }
}
