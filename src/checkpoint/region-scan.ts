import { hasNonFinite } from '../torch/index.ts';
import type { RowFindings } from './row-findings.ts';

/** A run of float32 values in one storage that are rows, side by side. */
export interface Region {
  readonly firstRow: number;
  /** Bytes of the storage. */
  readonly start: number;
  readonly end: number;
}

/** Looks at the rows of a region while its storage streams by. */
export class RegionScan {
  readonly region: Region;
  readonly #rowBytes: number;
  readonly #findings: RowFindings;
  /** State of the row that the last chunk ended in. */
  #rowIsFinite = true;
  #rowIsZero = true;

  constructor(region: Region, rowBytes: number, findings: RowFindings) {
    this.region = region;
    this.#rowBytes = rowBytes;
    this.#findings = findings;
  }

  /** Takes the bytes of the storage from `byteOffset`; the chunks come in order and start on a value. */
  chunk(bytes: Buffer, byteOffset: number): void {
    const { start, end, firstRow } = this.region;
    const from = Math.max(start, byteOffset);
    const to = Math.min(end, byteOffset + bytes.length);
    if (from >= to) return;
    const values = aligned(bytes);
    // Nearly every chunk is finite throughout: only another is looked at row by row.
    const isFinite = !hasNonFinite(values, from - byteOffset, to - byteOffset);
    for (let at = from; at < to;) {
      const row = Math.floor((at - start) / this.#rowBytes);
      const rowEnd = start + (row + 1) * this.#rowBytes;
      const stop = Math.min(rowEnd, to);
      this.#look(values, at - byteOffset, stop - byteOffset, isFinite);
      if (stop === rowEnd) this.#endRow(firstRow + row);
      at = stop;
    }
  }

  #look(bytes: Buffer, from: number, to: number, isFinite: boolean): void {
    if (!isFinite && hasNonFinite(bytes, from, to)) this.#rowIsFinite = false;
    if (this.#rowIsZero && !isAllZero(bytes, from, to)) this.#rowIsZero = false;
  }

  #endRow(row: number): void {
    this.#findings.add(row, this.#rowIsFinite, this.#rowIsZero);
    this.#rowIsFinite = true;
    this.#rowIsZero = true;
  }
}

/** Whether the float32 values of `bytes[from, to)` are ±0 throughout; nearly always the first one is not. */
export function isAllZero(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 4) if (bytes.readInt32LE(at) << 1 !== 0) return false;
  return true;
}

/** The same bytes, starting on a multiple of 4. */
function aligned(bytes: Buffer): Buffer {
  if (bytes.byteOffset % 4 === 0) return bytes;
  return Buffer.from(new Uint8Array(bytes).buffer);
}
