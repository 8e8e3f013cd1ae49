import type { OpenCheckpoint } from '../../checkpoint/open-checkpoint.ts';
import type { RowSource } from '../../checkpoint/types.ts';
import { rowsOfIds } from './side-rows.ts';

/** Rows of one side that are read at a time where they come as they are. */
const BLOCK_ROWS = 256;

/**
 * The rows of several checkpoints side by side, found by id and read as they are asked for: `[ids.length, sum of dims]`.
 */
export class MergedRows implements RowSource {
  readonly rows: number;
  readonly dim: number;
  readonly #sides: readonly SideColumns[];

  /**
   * @param ids of the rows, in order; every side must have one row for each
   * @throws CheckpointError naming file and id where it has not
   */
  constructor(sides: readonly OpenCheckpoint[], ids: readonly string[]) {
    let column = 0;
    this.#sides = sides.map((checkpoint) => {
      const columns = new SideColumns(checkpoint, column, rowsOfIds(checkpoint, ids));
      column += checkpoint.dim;
      return columns;
    });
    this.rows = ids.length;
    this.dim = column;
  }

  read(start: number, count: number, into: Float32Array): void {
    for (const side of this.#sides) side.read(start, count, into, this.dim);
  }
}

/** One checkpoint as columns of merged rows. */
class SideColumns {
  readonly #checkpoint: OpenCheckpoint;
  readonly #column: number;
  readonly #rows: Uint32Array | undefined;
  readonly #block: Float32Array;

  constructor(checkpoint: OpenCheckpoint, column: number, rows: Uint32Array | undefined) {
    this.#checkpoint = checkpoint;
    this.#column = column;
    this.#rows = rows;
    this.#block = new Float32Array(BLOCK_ROWS * checkpoint.dim);
  }

  read(start: number, count: number, into: Float32Array, stride: number): void {
    for (let done = 0; done < count;) {
      const row = this.#rowOf(start + done);
      const rows = this.#consecutive(start + done, Math.min(BLOCK_ROWS, count - done));
      this.#checkpoint.read(row, rows, this.#block);
      this.#place(rows, into, done * stride + this.#column, stride);
      done += rows;
    }
  }

  #rowOf(at: number): number {
    return this.#rows === undefined ? at : (this.#rows[at] as number);
  }

  /** How many rows from `at` on lie one behind the other in the checkpoint too. */
  #consecutive(at: number, most: number): number {
    if (this.#rows === undefined) return most;
    let count = 1;
    while (count < most && this.#rows[at + count] === (this.#rows[at] as number) + count) count++;
    return count;
  }

  #place(rows: number, into: Float32Array, at: number, stride: number): void {
    const { dim } = this.#checkpoint;
    for (let row = 0; row < rows; row++) {
      into.set(this.#block.subarray(row * dim, (row + 1) * dim), at + row * stride);
    }
  }
}
