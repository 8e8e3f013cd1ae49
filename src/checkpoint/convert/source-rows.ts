import { asCheckpointError } from '../check-source.ts';
import type { IndexedCheckpoint } from '../rows/index-checkpoint.ts';
import { RowFile } from '../rows/row-file.ts';
import { mayExceedFloat32 } from '../rows/row-index.ts';
import { RowReader } from '../rows/row-reader.ts';
import type { RowSource } from '../types.ts';

/** Rows are taken from the input in blocks of about this size. */
const BLOCK_BYTES = 1 << 20;

/** The rows of the checkpoint that is converted, read front to back in blocks. */
export class SourceRows implements RowSource {
  readonly rows: number;
  readonly dim: number;
  readonly #path: string;
  readonly #reader: RowReader;
  readonly #rowsPerBlock: number;

  private constructor(path: string, reader: RowReader) {
    this.#path = path;
    this.#reader = reader;
    this.rows = reader.index.rows;
    this.dim = reader.index.dim;
    this.#rowsPerBlock = Math.max(1, Math.min(this.rows, Math.floor(BLOCK_BYTES / (this.dim * 8))));
  }

  /** @throws CheckpointError `unavailable`, as all reads do */
  static open({ path, index, identity }: IndexedCheckpoint): SourceRows {
    try {
      return new SourceRows(path, new RowReader(index, RowFile.openSync(path, identity)));
    } catch (error) {
      throw asCheckpointError(error, path);
    }
  }

  read(start: number, count: number, into: Float32Array | Float64Array): void {
    try {
      this.#reader.readSync(start, count, into);
    } catch (error) {
      throw asCheckpointError(error, this.#path);
    }
  }

  /** Blocks of values, row after row, each valid until the next one is asked for. */
  *blocks<Values extends Float32Array | Float64Array>(type: new (length: number) => Values): Generator<Values> {
    const block = new type(this.#rowsPerBlock * this.dim);
    for (let start = 0; start < this.rows; start += this.#rowsPerBlock) {
      const count = Math.min(this.#rowsPerBlock, this.rows - start);
      this.read(start, count, block);
      yield block.subarray(0, count * this.dim) as Values;
    }
  }

  /**
   * How many values are not exactly a float32. Looks at every value, unless the types in the file rule it out.
   *
   * @param pause called after each block
   */
  async countInexact(pause: () => Promise<void>): Promise<number> {
    if (!mayExceedFloat32(this.#reader.index)) return 0;
    let count = 0;
    for (const block of this.blocks(Float64Array)) {
      for (const value of block) if (Math.fround(value) !== value) count++;
      await pause();
    }
    return count;
  }

  close(): void {
    this.#reader.close();
  }
}
