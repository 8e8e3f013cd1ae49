import type { FileSource, TorchFile } from '../torch/index.ts';
import { openAndCheck } from './check-source.ts';
import { incompatible } from './errors.ts';
import type { RowLayout } from './row-layout.ts';
import { readRows } from './row-values.ts';
import type { CheckpointKind, CheckpointStatus, RowSource, ValidateOptions } from './types.ts';

/**
 * A checkpoint whose rows are read from disk as they are asked for. Holds a file descriptor until {@link close}.
 * Reading is synchronous, as of a local array.
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
  readonly #source: FileSource;
  readonly #file: TorchFile;
  readonly #layout: RowLayout;

  constructor(source: FileSource, opened: OpenedContent) {
    this.#source = source;
    this.#file = opened.file;
    this.#layout = opened.layout;
    this.path = opened.path;
    this.kind = opened.kind;
    this.version = opened.version;
    this.status = opened.status;
    this.ids = opened.ids;
    this.rows = opened.layout.rows;
    this.dim = opened.layout.dim;
  }

  /**
   * Copies `count` rows from row `start` into the first `count × dim` values of `into`. Values of other float types are
   * rounded to float32.
   *
   * @throws RangeError if there are no such rows, or `into` is too short
   */
  read(start: number, count: number, into: Float32Array): void {
    readRows(this.#file, this.#layout, start, count, into);
  }

  /** The rows from `start` up to but not including `end`, in a new array: `(end − start) × dim` values. */
  slice(start = 0, end: number = this.rows): Float32Array {
    const values = new Float32Array(Math.max(0, end - start) * this.dim);
    this.read(start, Math.max(0, end - start), values);
    return values;
  }

  /** One row, in a new array of `dim` values. */
  row(index: number): Float32Array {
    return this.slice(index, index + 1);
  }

  close(): void {
    this.#source.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

interface OpenedContent {
  path: string;
  file: TorchFile;
  layout: RowLayout;
  kind: CheckpointKind;
  version: string;
  status: CheckpointStatus | null;
  ids: readonly string[];
}

/**
 * Opens a checkpoint of any kind, written by this package or by the reference, after checking it.
 *
 * ```ts
 * const checkpoint = await openCheckpoint('out/a_ESM.pt');
 * try {
 *   checkpoint.ids[7]; // 'NC_001416.1_chunk_8F1'
 *   checkpoint.row(7); // Float32Array(2560)
 * } finally {
 *   checkpoint.close();
 * }
 * ```
 *
 * The check runs in the calling thread; where a file holds hundreds of megabytes of Python floats, open it in a thread.
 *
 * @param options `level: 'deep'` reads every byte once before the first row is handed out
 * @throws CheckpointError what is wrong with the file; `incompatible` with code `ROWS_MISSING` where a generic checkpoint
 *   holds no ids and rows
 */
export async function openCheckpoint(path: string, options: ValidateOptions = {}): Promise<OpenCheckpoint> {
  options.signal?.throwIfAborted();
  return openCheckpointSync(path, options);
}

/** {@link openCheckpoint}, for threads. */
export function openCheckpointSync(path: string, options: ValidateOptions = {}): OpenCheckpoint {
  if (options.level === 'header' || options.trustContent) {
    throw new TypeError('rows can only be read from a checkpoint whose structure has been checked');
  }
  const { checked, source } = openAndCheck(path, options);
  const { problem, file, layout, kind, version, status, ids } = checked;
  if (source && !problem && file && layout && ids && kind !== undefined && version !== undefined) {
    return new OpenCheckpoint(source, { path, file, layout, kind, version, status: status ?? null, ids });
  }
  source?.close();
  throw problem ?? incompatible(path, 'ROWS_MISSING', 'a dict without ids and rows cannot be opened row by row');
}
