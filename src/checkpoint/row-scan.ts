import type { FloatRun, PyFloat, PyList, TorchFile, TorchStorage } from '../torch/index.ts';
import { isContiguous } from '../torch/index.ts';
import { hasNonFinite, isAllZero } from './float-bits.ts';
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

  text(what: string, ids: readonly string[] | undefined): string | undefined {
    if (this.count === 0) return undefined;
    const rows = this.first.map((row) => `row ${row}${ids?.[row] === undefined ? '' : ` (${quote(ids[row])})`}`);
    return `${plural(this.count, 'row')} ${what}, first ${rows.join(', ')}`;
  }
}

/** A run of float32 values in one storage that are rows, side by side. */
interface Region {
  firstRow: number;
  /** Elements of the storage. */
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
    const values = int32View(bytes);
    const from = Math.max(region.start, byteOffset / 4);
    const to = Math.min(region.end, byteOffset / 4 + values.length);
    const { dim } = this.#layout;
    for (let at = from; at < to;) {
      const row = Math.floor((at - region.start) / dim);
      const rowEnd = region.start + (row + 1) * dim;
      const stop = Math.min(rowEnd, to);
      this.#look(values, at - byteOffset / 4, stop - byteOffset / 4);
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
  problem(ids: readonly string[] | undefined): string | undefined {
    const verb = this.#nonFinite.count === 1 ? 'holds' : 'hold';
    return this.#nonFinite.text(`${verb} NaN or Inf`, ids);
  }

  warning(ids: readonly string[] | undefined): string | undefined {
    return this.#zero.text('all zero', ids);
  }

  #readAndLook(file: TorchFile, start: number, count: number): void {
    const values = new Float32Array(this.#layout.dim);
    const bits = new Int32Array(values.buffer);
    for (let row = start; row < start + count; row++) {
      readRows(file, this.#layout, row, 1, values);
      this.#look(bits, 0, bits.length);
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

  #look(values: Int32Array, from: number, to: number): void {
    if (hasNonFinite(values, from, to)) this.#rowIsFinite = false;
    if (this.#rowIsZero && !isAllZero(values, from, to)) this.#rowIsZero = false;
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
    regions.set(key, { firstRow, start, end: start + tensor.numel });
  }
  for (const key of shared) regions.delete(key);
  return regions;
}

function int32View(bytes: Buffer): Int32Array {
  const whole = bytes.byteLength - (bytes.byteLength % 4);
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : Buffer.from(bytes);
  if (aligned.byteOffset % 4 === 0) return new Int32Array(aligned.buffer, aligned.byteOffset, whole / 4);
  return new Int32Array(aligned.buffer.slice(aligned.byteOffset, aligned.byteOffset + whole));
}
