import type { ByteSource } from '../byte-source.ts';
import { crc32 } from '../crc32.ts';
import { FLOAT_BYTES, floatRunEnd, nonFiniteFloat } from '../scan/scan.ts';
import { pickleError } from './errors.ts';
import { Op } from './opcodes.ts';
import { decodeText } from './text.ts';
import type { FloatRun } from './values.ts';

export interface PickleInputOptions {
  /** First byte of data.pkl in the file. */
  readonly start: number;
  readonly size: number;
  /** Computes the CRC-32 of every byte that passes. */
  readonly withCrc: boolean;
  /** Looks at every float of a run for NaN, infinity and zero. */
  readonly inspectFloats: boolean;
  /** What the bytes are read through: 4 KiB at least, so that it holds any opcode and its fixed operands. */
  readonly window: Buffer;
}

/** Taken at once for {@link PickleInput.sharedBytes}. */
const SHARED_BYTES = 1 << 20;

/** Reads data.pkl once from front to back through one window. Offsets are relative to data.pkl. */
export class PickleInput {
  readonly size: number;
  readonly #source: ByteSource;
  readonly #options: PickleInputOptions;
  readonly #window: Buffer;
  /** Next byte to read, and the end of what is loaded, in the window. */
  #at = 0;
  #end = 0;
  /** Offset of the window's first byte. */
  #base = 0;
  #crc = 0;
  /** What is free of the memory that {@link sharedBytes} gives away. */
  #shared = Buffer.alloc(0);

  constructor(source: ByteSource, options: PickleInputOptions) {
    this.#source = source;
    this.#options = options;
    this.size = options.size;
    this.#window = options.window;
  }

  get offset(): number {
    return this.#base + this.#at;
  }

  get left(): number {
    return this.size - this.offset;
  }

  u8(): number {
    if (this.#at === this.#end) this.#load(1);
    return this.#window[this.#at++] as number;
  }

  u16(): number {
    return this.#window.readUInt16LE(this.#advance(2));
  }

  i32(): number {
    return this.#window.readInt32LE(this.#advance(4));
  }

  u32(): number {
    return this.#window.readUInt32LE(this.#advance(4));
  }

  u64(): bigint {
    return this.#window.readBigUInt64LE(this.#advance(8));
  }

  doubleBigEndian(): number {
    return this.#window.readDoubleBE(this.#advance(8));
  }

  /** @returns the next byte without passing it, -1 at the end */
  peek(): number {
    if (this.#at === this.#end) {
      if (this.left === 0) return -1;
      this.#load(1);
    }
    return this.#window[this.#at] as number;
  }

  /**
   * Loads the next `bytes`, or all that are left, without passing them.
   *
   * @returns where in {@link window} they start; what is loaded reaches to {@link windowEnd}
   */
  lookAhead(bytes: number): number {
    const wanted = Math.min(bytes, this.left);
    if (this.#end - this.#at < wanted) this.#load(wanted);
    return this.#at;
  }

  /** Only what {@link lookAhead} loaded may be read, and only until the next call. */
  get window(): Buffer {
    return this.#window;
  }

  get windowEnd(): number {
    return this.#end;
  }

  /** Passes bytes that are loaded. */
  pass(bytes: number): void {
    this.#at += bytes;
  }

  /** A copy of the next `length` bytes. */
  bytes(length: number): Buffer {
    this.#assertLeft(length);
    return this.#copyInto(Buffer.allocUnsafe(length));
  }

  /** The same in memory that many such copies share: one piece of it for each would cost more than the copying. */
  sharedBytes(length: number): Buffer {
    this.#assertLeft(length);
    if (length > this.#shared.length) {
      this.#shared = Buffer.allocUnsafe(Math.max(length, Math.min(SHARED_BYTES, this.left)));
    }
    const place = this.#shared.subarray(0, length);
    this.#shared = this.#shared.subarray(length);
    return this.#copyInto(place);
  }

  #copyInto(copy: Buffer): Buffer {
    const { length } = copy;
    let done = 0;
    while (done < length) {
      if (this.#at === this.#end) this.#load(1);
      const part = Math.min(length - done, this.#end - this.#at);
      this.#window.copy(copy, done, this.#at, this.#at + part);
      this.#at += part;
      done += part;
    }
    return copy;
  }

  /** UTF-8 as Python writes it. */
  text(length: number): string {
    const offset = this.offset;
    if (length > this.#window.length / 2) return decodeText(this.bytes(length), 0, length, offset);
    const at = this.#advance(length);
    return decodeText(this.#window, at, at + length, offset);
  }

  /** The bytes up to the next newline, which is passed but not returned. */
  line(maxLength: number): string {
    const available = Math.min(maxLength + 1, this.left);
    this.#ensure(available);
    const newline = this.#window.subarray(this.#at, this.#at + available).indexOf(0x0a);
    if (newline === -1) throw pickleError('BROKEN_PICKLE', this.offset, `no newline within ${available} bytes`);
    const at = this.#advance(newline + 1);
    return this.#window.toString('latin1', at, at + newline);
  }

  /** Passes BINFLOAT opcodes as long as there are any. */
  floatRun(): FloatRun {
    const offset = this.offset;
    let count = 0;
    let firstNonFinite = -1;
    let allZero = true;
    const inspect = this.#options.inspectFloats;
    while (this.left >= FLOAT_BYTES) {
      this.#ensure(FLOAT_BYTES);
      const stop = floatRunEnd(this.#window, this.#at, this.#end);
      if (inspect) {
        if (firstNonFinite === -1) firstNonFinite = this.#firstNonFinite(stop, count);
        if (allZero) allZero = isAllZero(this.#window, this.#at, stop);
      }
      count += (stop - this.#at) / FLOAT_BYTES;
      this.#at = stop;
      if (this.#end - stop >= FLOAT_BYTES || (stop < this.#end && this.#window[stop] !== Op.BINFLOAT)) break;
    }
    if (!inspect) return { type: 'float-run', offset, count, firstNonFinite: undefined, allZero: undefined };
    return { type: 'float-run', offset, count, firstNonFinite, allZero };
  }

  /** @returns the index in the run of the first float up to `stop` that is not finite, or -1 */
  #firstNonFinite(stop: number, before: number): number {
    const found = nonFiniteFloat(this.#window, this.#at, stop);
    return found === stop ? -1 : before + (found - this.#at) / FLOAT_BYTES;
  }

  /** Reads bytes that were passed already, without touching the position. */
  again(offset: number, length: number): Buffer {
    const copy = Buffer.allocUnsafe(length);
    this.#source.readInto(this.#options.start + offset, copy);
    return copy;
  }

  /** Passes whatever is left, so that the CRC covers the whole record. @returns its CRC-32 */
  finish(): number {
    this.#at = this.#end;
    while (this.left > 0) {
      this.#load(1);
      this.#at = this.#end;
    }
    return this.#crc;
  }

  #assertLeft(length: number): void {
    if (length <= this.left) return;
    throw pickleError('BROKEN_PICKLE', this.offset, `${length} bytes wanted, only ${this.left} left,`);
  }

  #ensure(length: number): void {
    if (this.#end - this.#at < length) this.#load(length);
  }

  /** @returns the position in the window of the next `length` bytes, which are passed */
  #advance(length: number): number {
    if (this.#end - this.#at < length) this.#load(length);
    const at = this.#at;
    this.#at += length;
    return at;
  }

  /** Moves what is unread to the front of the window and fills it up. */
  #load(length: number): void {
    this.#assertLeft(length);
    const unread = this.#end - this.#at;
    this.#window.copyWithin(0, this.#at, this.#end);
    this.#base += this.#at;
    this.#at = 0;
    const free = this.#window.subarray(unread, unread + Math.min(this.#window.length, this.size - this.#base) - unread);
    this.#source.readInto(this.#options.start + this.#base + unread, free);
    if (this.#options.withCrc) this.#crc = crc32(free, this.#crc);
    this.#end = unread + free.length;
  }
}

/** Whether all BINFLOATs of `window[from, to)` are ±0. */
function isAllZero(window: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += FLOAT_BYTES) {
    if (window.readUInt32BE(at + 1) << 1 !== 0 || window.readUInt32BE(at + 5) !== 0) return false;
  }
  return true;
}
