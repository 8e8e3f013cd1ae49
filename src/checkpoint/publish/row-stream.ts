import { hasNonFinite } from '../../torch/index.ts';
import type { RowSource } from '../types.ts';

/** Rows are taken from their source in blocks of about this size. */
const BLOCK_BYTES = 1 << 20;

/**
 * A {@link RowSource} read front to back: as float32 bytes at any offset, or one row as float64. Every row is looked at
 * once for NaN and infinities.
 */
export class RowStream {
  readonly #source: RowSource;
  readonly #block: Float32Array;
  readonly #rowsPerBlock: number;
  readonly #onNonFinite: (row: number) => never;
  #loaded = -1;

  /** @param onNonFinite called with the row that holds a value which no checkpoint may hold */
  constructor(source: RowSource, onNonFinite: (row: number) => never) {
    this.#source = source;
    this.#onNonFinite = onNonFinite;
    this.#rowsPerBlock = Math.max(1, Math.min(source.rows, Math.floor(BLOCK_BYTES / (source.dim * 4))));
    this.#block = new Float32Array(this.#rowsPerBlock * source.dim);
  }

  /** Fills `into` with the bytes of all rows side by side, from `byteOffset`. */
  copyBytes(byteOffset: number, into: Uint8Array): void {
    const blockBytes = this.#block.byteLength;
    for (let done = 0; done < into.length;) {
      const block = Math.floor((byteOffset + done) / blockBytes);
      const from = byteOffset + done - block * blockBytes;
      const piece = this.#bytesOfBlock(block).subarray(from, from + into.length - done);
      into.set(piece, done);
      done += piece.length;
    }
  }

  /** Fills `into`, of length `dim`, with the values of one row. */
  copyRow(row: number, into: Float64Array): void {
    const block = Math.floor(row / this.#rowsPerBlock);
    this.#load(block);
    const from = (row - block * this.#rowsPerBlock) * this.#source.dim;
    into.set(this.#block.subarray(from, from + into.length));
  }

  #bytesOfBlock(block: number): Uint8Array {
    this.#load(block);
    return new Uint8Array(this.#block.buffer);
  }

  #load(block: number): void {
    if (block === this.#loaded) return;
    const start = block * this.#rowsPerBlock;
    const count = Math.min(this.#rowsPerBlock, this.#source.rows - start);
    this.#source.read(start, count, this.#block);
    this.#assertFinite(start, count);
    this.#loaded = block;
  }

  #assertFinite(start: number, count: number): void {
    const rowBytes = 4 * this.#source.dim;
    const bytes = Buffer.from(this.#block.buffer);
    if (!hasNonFinite(bytes, 0, count * rowBytes)) return;
    for (let row = 0; row < count; row++) {
      if (hasNonFinite(bytes, row * rowBytes, (row + 1) * rowBytes)) this.#onNonFinite(start + row);
    }
  }
}
