import { hasNonFinite } from '../../torch/index.ts';
import type { RowSource } from '../types.ts';

/** Rows that are asked for one by one are taken in blocks of about this size. */
const BLOCK_BYTES = 1 << 18;

/**
 * A {@link RowSource} read front to back: as float32 bytes at any offset, or one row as float64. Every row is looked at
 * for NaN and infinities.
 */
export class RowStream {
  readonly #source: RowSource;
  readonly #rowBytes: number;
  readonly #rowsPerBlock: number;
  readonly #onNonFinite: (row: number) => never;
  /** The rows from `start` on that were taken last, if not straight to their place. */
  #block = { start: 0, count: 0, values: new Float32Array() };

  /** @param onNonFinite called with the row that holds a value which no checkpoint may hold */
  constructor(source: RowSource, onNonFinite: (row: number) => never) {
    this.#source = source;
    this.#onNonFinite = onNonFinite;
    this.#rowBytes = source.dim * Float32Array.BYTES_PER_ELEMENT;
    this.#rowsPerBlock = Math.max(1, Math.min(source.rows, Math.floor(BLOCK_BYTES / this.#rowBytes)));
  }

  /** Fills `into` with the bytes of all rows side by side, from `byteOffset`. */
  copyBytes(byteOffset: number, into: Buffer): void {
    for (let done = 0; done < into.length;) {
      const row = Math.floor((byteOffset + done) / this.#rowBytes);
      const skipped = byteOffset + done - row * this.#rowBytes;
      const wholeRows = Math.floor((into.length - done) / this.#rowBytes);
      if (skipped === 0 && wholeRows > 0 && (into.byteOffset + done) % 4 === 0) {
        done += this.#copyWhole(row, wholeRows, into, done);
      } else {
        const values = this.#load(row, 1);
        const bytes = Math.min(this.#rowBytes - skipped, into.length - done);
        into.set(new Uint8Array(values.buffer, values.byteOffset + skipped, bytes), done);
        done += bytes;
      }
    }
  }

  /** Fills `into`, of length `dim`, with the values of one row. */
  copyRow(row: number, into: Float64Array): void {
    into.set(this.#load(row, this.#rowsPerBlock));
  }

  /** Whole rows go straight to their place. @returns their bytes */
  #copyWhole(start: number, count: number, into: Buffer, at: number): number {
    const bytes = count * this.#rowBytes;
    this.#source.read(start, count, new Float32Array(into.buffer, into.byteOffset + at, count * this.#source.dim));
    this.#assertFinite(start, count, into, at);
    return bytes;
  }

  /** @returns the values of one row, taken with those behind it where `ahead` is more than 1 */
  #load(row: number, ahead: number): Float32Array {
    const { dim, rows } = this.#source;
    const { start, count, values } = this.#block;
    if (row < start || row >= start + count) {
      const wanted = Math.min(ahead, rows - row);
      const into = values.length >= wanted * dim ? values : new Float32Array(wanted * dim);
      this.#source.read(row, wanted, into);
      this.#assertFinite(row, wanted, Buffer.from(into.buffer), 0);
      this.#block = { start: row, count: wanted, values: into };
    }
    const at = (row - this.#block.start) * dim;
    return this.#block.values.subarray(at, at + dim);
  }

  #assertFinite(start: number, count: number, bytes: Buffer, at: number): void {
    if (!hasNonFinite(bytes, at, at + count * this.#rowBytes)) return;
    for (let row = 0; row < count; row++) {
      const from = at + row * this.#rowBytes;
      if (hasNonFinite(bytes, from, from + this.#rowBytes)) this.#onNonFinite(start + row);
    }
  }
}
