import type { ByteSource } from './byte-source.ts';

/**
 * Looks at ranges of a file in ascending order, through one buffer that is read ahead: neighbouring small ranges cost one
 * system call together.
 */
export class Window {
  readonly #source: ByteSource;
  readonly #readAhead: number;
  #buffer: Buffer;
  #data: DataView;
  #start = 0;
  #length = 0;

  /**
   * @param buffer what to read into; replaced if a range does not fit
   * @param readAhead bytes to read at least; 0 where the ranges lie far apart
   */
  constructor(source: ByteSource, buffer: Buffer, readAhead: number) {
    this.#source = source;
    this.#readAhead = Math.min(readAhead, buffer.length);
    this.#buffer = buffer;
    this.#data = viewOf(buffer);
  }

  /** Holds what {@link locate} found, until the next call. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  /** The same memory. */
  get data(): DataView {
    return this.#data;
  }

  /** @returns where in {@link buffer} the range starts */
  locate(offset: number, length: number): number {
    const at = offset - this.#start;
    if (at >= 0 && at + length <= this.#length) return at;
    this.#fill(offset, length);
    return 0;
  }

  /** @returns the bytes, valid until the next call */
  view(offset: number, length: number): Buffer {
    const at = this.locate(offset, length);
    return this.#buffer.subarray(at, at + length);
  }

  #fill(offset: number, length: number): void {
    const wanted = Math.max(length, Math.min(this.#readAhead, this.#source.size - offset));
    if (wanted > this.#buffer.length) {
      this.#buffer = Buffer.allocUnsafe(wanted);
      this.#data = viewOf(this.#buffer);
    }
    this.#length = 0;
    this.#source.readInto(offset, this.#buffer.subarray(0, wanted));
    this.#start = offset;
    this.#length = wanted;
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
