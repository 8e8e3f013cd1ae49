import type { ByteSource, FloatRun, PyFloat, PyList, TorchFile, TorchStorage } from '../torch/index.ts';
import { hasNonFinite, isContiguous } from '../torch/index.ts';
import type { Ids } from './ids.ts';
import { scanInThreads } from './parallel/scan-in-threads.ts';
import { isAllZero, RegionScan } from './region-scan.ts';
import { RowFindings } from './row-findings.ts';
import type { RowLayout } from './row-layout.ts';
import { readRows } from './row-values.ts';

/**
 * Looks for NaN, infinities and all-zero rows. Rows that lie side by side as float32 are seen while the storage streams by
 * for its CRC ({@link chunk}); all others are read once more by {@link finish}.
 */
export class RowScan {
  readonly #layout: RowLayout;
  readonly #findings = new RowFindings();
  readonly #regions: ReadonlyMap<string, RegionScan>;

  constructor(file: TorchFile, layout: RowLayout) {
    this.#layout = layout;
    this.#regions = file.byteOrder === 'little' ? streamableRegions(layout, this.#findings) : new Map();
  }

  /** Takes the bytes of a storage from `byteOffset`; the chunks of one storage come in order and start on a value. */
  chunk(storage: TorchStorage, bytes: Buffer, byteOffset: number): void {
    this.#regions.get(storage.key)?.chunk(bytes, byteOffset);
  }

  /**
   * Looks at all rows of a storage at once, in several threads.
   *
   * @param beat called now and then; what it throws ends the scan
   * @returns the CRC-32 of the storage; undefined where one thread does as well, and nothing has happened
   */
  whole(source: ByteSource, storage: TorchStorage, beat: () => void): number | undefined {
    const region = this.#regions.get(storage.key)?.region;
    if (region === undefined || region.start !== 0 || region.end !== storage.byteLength) return undefined;
    const job = { dataOffset: storage.dataOffset, ...region, rowBytes: 4 * this.#layout.dim };
    return scanInThreads(source, job, this.#findings, beat);
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
    return this.#findings.problem(ids);
  }

  warning(ids: Ids | undefined): string | undefined {
    return this.#findings.warning(ids);
  }

  #readAndLook(file: TorchFile, start: number, count: number): void {
    const values = new Float32Array(this.#layout.dim);
    const bytes = Buffer.from(values.buffer);
    for (let row = start; row < start + count; row++) {
      readRows(file, this.#layout, row, 1, values);
      this.#findings.add(row, !hasNonFinite(bytes, 0, bytes.length), isAllZero(bytes, 0, bytes.length));
    }
  }

  /** Python floats were looked at while the pickle was walked. */
  #lookAtFloats(list: PyList, row: number): void {
    const parts = list.parts as readonly (PyFloat | FloatRun)[];
    const isFinite = parts.every((part) =>
      part.type === 'float-run' ? part.firstNonFinite === -1 : Number.isFinite(part.value),
    );
    const isZero = parts.every((part) => (part.type === 'float-run' ? part.allZero === true : part.value === 0));
    this.#findings.add(row, isFinite, isZero);
  }
}

/** Storages in which nothing but one run of rows is looked at; a storage that several rows share is left out. */
function streamableRegions(layout: RowLayout, findings: RowFindings): Map<string, RegionScan> {
  const scans = new Map<string, RegionScan>();
  const shared = new Set<string>();
  const rowBytes = 4 * layout.dim;
  const tensors = layout.form === 'tensor' ? [layout.tensor] : layout.form === 'cells' ? layout.cells : [];
  for (const [firstRow, tensor] of tensors.entries()) {
    if (tensor.type !== 'tensor') continue;
    const { key } = tensor.storage;
    if (scans.has(key)) shared.add(key);
    if (tensor.dtype !== 'float32' || !isContiguous(tensor)) shared.add(key);
    const start = 4 * tensor.storageOffset;
    scans.set(key, new RegionScan({ firstRow, start, end: start + 4 * tensor.numel }, rowBytes, findings));
  }
  for (const key of shared) scans.delete(key);
  return scans;
}
