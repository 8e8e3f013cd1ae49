import type { FloatRun, PyFloat, PyList, TorchFile, TorchStorage } from '../torch/index.ts';
import { hasNonFinite, isContiguous } from '../torch/index.ts';
import type { Ids } from './ids.ts';
import type { RowLayout } from './row-layout.ts';
import { readRows } from './row-values.ts';
import { plural, quote } from './text.ts';

/** Rows named in a message. */
const SHOWN_ROWS = 3;

/** Rows of one kind: how many, and the first of them. */
class RowTally {
  count = 0;
  readonly first: number[] = [];

  add(row: number): void {
    this.count++;
    const largest = this.first[SHOWN_ROWS - 1];
    if (largest !== undefined && row > largest) return;
    this.first.push(row);
    this.first.sort((a, b) => a - b);
    this.first.splice(SHOWN_ROWS);
  }

  text(what: string, ids: Ids | undefined): string | undefined {
    if (this.count === 0) return undefined;
    const rows = this.first.map((row) => {
      const id = ids?.all()[row];
      return id === undefined ? `row ${row}` : `row ${row} (${quote(id)})`;
    });
    return `${plural(this.count, 'row')} ${what}, first ${rows.join(', ')}`;
  }
}

/** A run of float32 values in one storage that are rows, side by side. */
interface Region {
  firstRow: number;
  /** Bytes of the storage. */
  start: number;
  end: number;
}

/**
 * Looks for NaN, infinities and all-zero rows. Rows that lie side by side as float32 are seen while the storage streams by
 * for its CRC ({@link chunk}); all others are read once more by {@link finish}.
 */
export class RowScan {
  readonly #layout: RowLayout;
  readonly #regions: Map<string, Region>;
  readonly #nonFinite = new RowTally();
  readonly #zero = new RowTally();
  readonly #littleEndian: boolean;
  /** State of the row that the last chunk ended in. */
  #rowIsFinite = true;
  #rowIsZero = true;

  constructor(file: TorchFile, layout: RowLayout) {
    this.#layout = layout;
    this.#littleEndian = file.byteOrder === 'little';
    this.#regions = this.#littleEndian ? streamableRegions(layout) : new Map<string, Region>();
  }

  /** Takes the bytes of a storage from `byteOffset`; the chunks of one storage come in order and start on a value. */
  chunk(storage: TorchStorage, bytes: Buffer, byteOffset: number): void {
    const region = this.#regions.get(storage.key);
    if (region === undefined) return;
    const from = Math.max(region.start, byteOffset);
    const to = Math.min(region.end, byteOffset + bytes.length);
    if (from >= to) return;
    const values = aligned(bytes);
    // Nearly every chunk is finite throughout: only another is looked at row by row.
    const isFinite = !hasNonFinite(values, from - byteOffset, to - byteOffset);
    const rowBytes = 4 * this.#layout.dim;
    for (let at = from; at < to;) {
      const row = Math.floor((at - region.start) / rowBytes);
      const rowEnd = region.start + (row + 1) * rowBytes;
      const stop = Math.min(rowEnd, to);
      this.#look(values, at - byteOffset, stop - byteOffset, isFinite);
      if (stop === rowEnd) this.#endRow(region.firstRow + row);
      at = stop;
    }
  }

  /** Looks at the rows that no chunk has shown. */
  finish(file: TorchFile): void {
    const layout = this.#layout;
    if (layout.form === 'tensor') {
      if (!this.#regions.has(layout.tensor.storage.key)) this.#readAndLook(file, 0, layout.rows);
    } else if (layout.form === 'numpy') {
      this.#readAndLook(file, 0, layout.rows);
    } else {
      for (const [row, cell] of layout.cells.entries()) {
        if (cell.type === 'list') this.#lookAtFloats(cell, row);
        else if (!this.#regions.has(cell.storage.key)) this.#readAndLook(file, row, 1);
      }
    }
  }

  /** Why the rows cannot be used: NaN or infinity somewhere. */
  problem(ids: Ids | undefined): string | undefined {
    const verb = this.#nonFinite.count === 1 ? 'holds' : 'hold';
    return this.#nonFinite.text(`${verb} NaN or Inf`, ids);
  }

  warning(ids: Ids | undefined): string | undefined {
    return this.#zero.text('all zero', ids);
  }

  #readAndLook(file: TorchFile, start: number, count: number): void {
    const values = new Float32Array(this.#layout.dim);
    const bytes = Buffer.from(values.buffer);
    for (let row = start; row < start + count; row++) {
      readRows(file, this.#layout, row, 1, values);
      this.#look(bytes, 0, bytes.length);
      this.#endRow(row);
    }
  }

  /** Python floats were looked at while the pickle was walked. */
  #lookAtFloats(list: PyList, row: number): void {
    for (const part of list.parts as readonly (PyFloat | FloatRun)[]) {
      const isRun = part.type === 'float-run';
      const finite = isRun ? part.firstNonFinite === -1 : Number.isFinite(part.value);
      const zero = isRun ? part.allZero === true : part.value === 0;
      if (!finite) this.#rowIsFinite = false;
      if (!zero) this.#rowIsZero = false;
    }
    this.#endRow(row);
  }

  #look(bytes: Buffer, from: number, to: number, isFinite = false): void {
    if (!isFinite && hasNonFinite(bytes, from, to)) this.#rowIsFinite = false;
    if (this.#rowIsZero && !isAllZero(bytes, from, to)) this.#rowIsZero = false;
  }

  #endRow(row: number): void {
    if (!this.#rowIsFinite) this.#nonFinite.add(row);
    if (this.#rowIsZero) this.#zero.add(row);
    this.#rowIsFinite = true;
    this.#rowIsZero = true;
  }
}

/** Storages in which nothing but one run of rows is looked at; a storage that several rows share is left out. */
function streamableRegions(layout: RowLayout): Map<string, Region> {
  const regions = new Map<string, Region>();
  const shared = new Set<string>();
  const tensors = layout.form === 'tensor' ? [layout.tensor] : layout.form === 'cells' ? layout.cells : [];
  for (const [firstRow, tensor] of tensors.entries()) {
    if (tensor.type !== 'tensor') continue;
    const { key } = tensor.storage;
    if (regions.has(key)) shared.add(key);
    if (tensor.dtype !== 'float32' || !isContiguous(tensor)) shared.add(key);
    const start = tensor.storageOffset;
    regions.set(key, { firstRow, start: 4 * start, end: 4 * (start + tensor.numel) });
  }
  for (const key of shared) regions.delete(key);
  return regions;
}

/** Whether the float32 values of `bytes[from, to)` are ±0 throughout; nearly always the first one is not. */
function isAllZero(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 4) if (bytes.readInt32LE(at) << 1 !== 0) return false;
  return true;
}

/** The same bytes, starting on a multiple of 4. */
function aligned(bytes: Buffer): Buffer {
  if (bytes.byteOffset % 4 === 0) return bytes;
  return Buffer.from(new Uint8Array(bytes).buffer);
}
