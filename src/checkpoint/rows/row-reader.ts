import type { Encoding, RowIndex } from './row-index.ts';
import type { Extent, Run } from './row-extents.ts';
import { extentsOf } from './row-extents.ts';
import type { RowFile } from './row-file.ts';
import { decoder } from '../row-values.ts';

/** Whether this machine stores numbers as the files do that torch writes on x86 and ARM. */
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Reads rows by a {@link RowIndex}: only the bytes of the rows that are asked for, in pieces of at most 1 MiB. */
export class RowReader {
  readonly index: RowIndex;
  readonly #file: RowFile;
  /** The array, where the file's pickle holds it. */
  readonly #bytes: Uint8Array | undefined;
  #scratch = Buffer.alloc(0);

  constructor(index: RowIndex, file: RowFile) {
    this.index = index;
    this.#file = file;
    this.#bytes = index.form === 'strided' ? index.bytes : undefined;
  }

  /**
   * Copies `count` rows from row `start` into the first `count × dim` values of `into`; into a Float32Array, values of wider
   * types are rounded.
   *
   * @throws RangeError if there are no such rows, or `into` is too short
   * @throws FileChangedError, errno errors
   */
  readSync(start: number, count: number, into: Float32Array | Float64Array): void {
    assertRows(this.index, start, count, into.length);
    for (const extent of extentsOf(this.index, start, count, into)) {
      const bytes = this.#inMemory(extent) ?? this.#reuse(extent.length);
      if (this.#bytes === undefined) this.#file.readSync(extent.offset, bytes);
      for (const run of extent.runs) decodeRun(run, bytes, run.offset - extent.offset, into);
    }
  }

  /** {@link readSync} without blocking the event loop; any number may run at once. */
  async read(start: number, count: number, into: Float32Array | Float64Array): Promise<void> {
    assertRows(this.index, start, count, into.length);
    for (const extent of extentsOf(this.index, start, count, into)) {
      const bytes = this.#inMemory(extent) ?? Buffer.allocUnsafe(extent.length);
      if (this.#bytes === undefined) await this.#file.read(extent.offset, bytes);
      for (const run of extent.runs) decodeRun(run, bytes, run.offset - extent.offset, into);
    }
  }

  close(): void {
    this.#file.close();
  }

  #inMemory({ offset, length }: Extent): Uint8Array | undefined {
    return this.#bytes?.subarray(offset, offset + length);
  }

  #reuse(length: number): Uint8Array {
    if (this.#scratch.length < length) this.#scratch = Buffer.allocUnsafe(length);
    return this.#scratch.subarray(0, length);
  }
}

export function assertRows({ rows, dim }: RowIndex, start: number, count: number, room: number): void {
  if (!Number.isInteger(start) || !Number.isInteger(count) || start < 0 || count < 0 || start + count > rows) {
    throw new RangeError(`rows ${start} to ${start + count} asked for, there are ${rows}`);
  }
  if (room < count * dim) throw new RangeError(`${count} × ${dim} values do not fit into ${room}`);
}

/** @param at where in `bytes` the first value of the run starts */
function decodeRun(run: Run, bytes: Uint8Array, at: number, into: Float32Array | Float64Array): void {
  const { count, step, encoding, to, toStep } = run;
  if (into instanceof Float32Array && isNative(encoding) && step === 4 && toStep === 1) {
    const target = new Uint8Array(into.buffer, into.byteOffset + to * 4, count * 4);
    target.set(bytes.subarray(at, at + count * 4));
    return;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decode = decoder(encoding.dtype, encoding.littleEndian);
  const sign = encoding.negate ? -1 : 1;
  for (let value = 0; value < count; value++) into[to + value * toStep] = sign * decode(view, at + value * step);
}

function isNative({ dtype, littleEndian, negate }: Encoding): boolean {
  return dtype === 'float32' && littleEndian === LITTLE_ENDIAN && !negate;
}
