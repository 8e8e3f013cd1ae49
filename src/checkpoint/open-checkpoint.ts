import { asCheckpointError } from './check-source.ts';
import { CheckpointError } from './errors.ts';
import { runInThread } from './pool.ts';
import { indexCheckpoint } from './rows/index-checkpoint.ts';
import type { IndexedCheckpoint, PackedCheckpoint } from './rows/index-checkpoint.ts';
import { unpackIdsInTurns } from './rows/packed-ids.ts';
import { RowFile } from './rows/row-file.ts';
import { assertRows, RowReader } from './rows/row-reader.ts';
import { unpackError } from './transferable-error.ts';
import type { CheckpointKind, CheckpointStatus, RowSource, ValidateOptions } from './types.ts';

/** One row of a checkpoint that is iterated over. */
export interface CheckpointRow {
  /** From 0. */
  readonly index: number;
  readonly id: string;
  /** `dim` float32 values, in an array of its own. */
  readonly values: Float32Array;
}

/** Rows that are read ahead of an iteration. */
const ITERATION_BYTES = 1 << 20;

/**
 * A checked checkpoint, shape `[rows, dim]`, whose float32 values are read from disk as they are asked for: {@link readRow},
 * {@link readRows} and `for await` leave the event loop free; {@link row}, {@link slice} and {@link read} block the calling
 * thread for as long as the disk takes. Values of other float types are rounded to float32. Holds a file descriptor
 * until {@link close}.
 *
 * Only the bytes of the rows that are asked for are read. (Numpy arrays of batch files are part of the pickle, and are kept
 * in memory instead.)
 *
 * All of these throw CheckpointError `unavailable` with code `FILE_CHANGED` if the file was written to after it was checked,
 * or with the errno code of an I/O error; RangeError if there are no such rows.
 */
export class OpenCheckpoint implements RowSource {
  readonly path: string;
  readonly kind: CheckpointKind;
  /** `0.x` where the file has none. */
  readonly version: string;
  /** null in files of before version 1.0, which are complete if they open. */
  readonly status: CheckpointStatus | null;
  /** One per row, in row order. */
  readonly ids: readonly string[];
  readonly rows: number;
  /** float32 values per row. */
  readonly dim: number;
  readonly #reader: RowReader;

  /** @internal use {@link openCheckpoint} */
  constructor(indexed: IndexedCheckpoint, file: RowFile) {
    this.#reader = new RowReader(indexed.index, file);
    this.path = indexed.path;
    this.kind = indexed.kind;
    this.version = indexed.version;
    this.status = indexed.status;
    this.ids = indexed.ids;
    this.rows = indexed.index.rows;
    this.dim = indexed.index.dim;
  }

  /** One row, in a new array of `dim` values. */
  readRow(index: number): Promise<Float32Array> {
    return this.readRows(index, index + 1);
  }

  /** The rows from `start` up to but not including `end`, in a new array: `(end − start) × dim` values, row after row. */
  async readRows(start = 0, end: number = this.rows): Promise<Float32Array> {
    const values = this.#allocate(start, end);
    try {
      await this.#reader.read(start, Math.max(0, end - start), values);
    } catch (error) {
      throw this.#explain(error);
    }
    return values;
  }

  /** Every row with its id, in order; about 1 MiB of rows is in memory at a time. */
  async *[Symbol.asyncIterator](): AsyncGenerator<CheckpointRow, void, undefined> {
    const { dim, ids, rows } = this;
    const block = Math.max(1, Math.floor(ITERATION_BYTES / (dim * Float32Array.BYTES_PER_ELEMENT)));
    for (let start = 0; start < rows; start += block) {
      const end = Math.min(rows, start + block);
      const values = await this.readRows(start, end);
      for (let index = start; index < end; index++) {
        const at = (index - start) * dim;
        yield { index, id: ids[index] as string, values: values.slice(at, at + dim) };
      }
    }
  }

  /** {@link readRow} in the calling thread. */
  row(index: number): Float32Array {
    return this.slice(index, index + 1);
  }

  /** {@link readRows} in the calling thread. */
  slice(start = 0, end: number = this.rows): Float32Array {
    const values = this.#allocate(start, end);
    this.read(start, Math.max(0, end - start), values);
    return values;
  }

  /**
   * Copies `count` rows from row `start` into the first `count × dim` values of `into`, in the calling thread. A Float64Array
   * takes the values of wider types as they are.
   *
   * @throws RangeError also if `into` is too short
   */
  read(start: number, count: number, into: Float32Array | Float64Array): void {
    try {
      this.#reader.readSync(start, count, into);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Gives the descriptor back, once reads that are running have ended. Later reads throw. */
  close(): void {
    this.#reader.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #allocate(start: number, end: number): Float32Array {
    const count = Math.max(0, end - start);
    assertRows(this.#reader.index, start, count, Infinity);
    return new Float32Array(count * this.dim);
  }

  #explain(error: unknown): unknown {
    return error instanceof RangeError ? error : explain(error, this.path);
  }
}

/** A file that is replaced or written to while it is opened is opened again, but not for ever. */
const TRIES = 3;

/**
 * Opens a checkpoint of any kind, written by this package or by the reference, after checking it in a thread.
 *
 * ```ts
 * const checkpoint = await openCheckpoint('out/a_ESM.pt');
 * try {
 *   checkpoint.ids[7]; // 'NC_001416.1_chunk_8F1'
 *   await checkpoint.readRow(7); // Float32Array(2560)
 *   for await (const { id, values } of checkpoint) console.log(id, values[0]);
 * } finally {
 *   checkpoint.close();
 * }
 * ```
 *
 * @param options `level: 'deep'` reads every byte once before the first row is handed out
 * @throws CheckpointError what is wrong with the file; `incompatible` with code `ROWS_MISSING` where a generic checkpoint
 *   holds no ids and rows
 * @throws TypeError for options that check too little to find rows: level `header`, `trustContent`
 * @throws the reason of `options.signal` once it is aborted
 */
export async function openCheckpoint(path: string, options: ValidateOptions = {}): Promise<OpenCheckpoint> {
  assertStructure(options);
  for (let attempt = 1; ; attempt++) {
    const packed = await indexInThread(path, options);
    const indexed = { ...packed, ids: await unpackIdsInTurns(packed.ids) };
    try {
      return new OpenCheckpoint(indexed, await RowFile.open(path, indexed.identity));
    } catch (error) {
      const explained = explain(error, path);
      if (!isChange(explained) || attempt === TRIES) throw explained;
    }
  }
}

/** {@link openCheckpoint} with the check in the calling thread, which it blocks. */
export function openCheckpointSync(path: string, options: ValidateOptions = {}): OpenCheckpoint {
  assertStructure(options);
  for (let attempt = 1; ; attempt++) {
    const indexed = indexCheckpoint(path, options);
    try {
      return new OpenCheckpoint(indexed, RowFile.openSync(path, indexed.identity));
    } catch (error) {
      const explained = explain(error, path);
      if (!isChange(explained) || attempt === TRIES) throw explained;
    }
  }
}

/** `indexCheckpoint` in a thread. */
export async function indexInThread(path: string, options: ValidateOptions): Promise<PackedCheckpoint> {
  const { signal, ...rest } = options;
  const outcome = await runInThread('index', { path, options: rest }, { signal });
  if ('packed' in outcome) return outcome.packed;
  throw unpackError(outcome.error);
}

function assertStructure({ level, trustContent }: ValidateOptions): void {
  if (level !== 'header' && !trustContent) return;
  throw new TypeError('rows can only be read from a checkpoint whose structure has been checked');
}

function explain(error: unknown, path: string): unknown {
  return error instanceof Error && 'code' in error ? asCheckpointError(error, path) : error;
}

function isChange(error: unknown): boolean {
  return error instanceof CheckpointError && error.code === 'FILE_CHANGED';
}
