import { leaseScanMemory, SCAN_BYTES } from '../scan/scan.ts';
import type { Lease } from '../scan/scan.ts';

/** Where the file goes, in order, each call awaited before the next; `bytes` is only valid until it resolves. */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<void> | void;
}

/** What is aligned to this in the file is so in the buffer: storages can be filled as what they are. */
const UNIT = 64;

/** Bytes of each buffer. */
export const OUTPUT_BYTES = SCAN_BYTES;

/** Gathers the bytes of a file in two buffers by turns: while the sink takes one, the other fills. */
export class OutputBuffer {
  readonly #sink: ByteSink;
  readonly #leases: readonly [Lease, Lease] = [leaseScanMemory(), leaseScanMemory()];
  #turn: 0 | 1 = 0;
  #used = 0;
  #flushed = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** Bytes of the file so far. */
  get position(): number {
    return this.#flushed + this.#used;
  }

  /** Bytes that fit before the next {@link flush}. */
  get free(): number {
    return OUTPUT_BYTES - this.#used;
  }

  /** The next `length` bytes of the file, which the caller fills before anything else is done. */
  take(length: number): Buffer {
    if (length > this.free) throw new RangeError(`${length} bytes do not fit, ${this.free} are free`);
    const piece = this.#buffer.subarray(this.#used, this.#used + length);
    this.#used += length;
    return piece;
  }

  /**
   * Hands all whole multiples of {@link UNIT} to the sink and makes room.
   *
   * @throws what the sink says of the bytes before
   */
  flush(): Promise<void> {
    return this.#handOver(this.#used - (this.#used % UNIT));
  }

  /** Waits until the sink has everything. */
  async finish(): Promise<void> {
    await this.#handOver(this.#used);
    await this.#writing;
  }

  async #handOver(length: number): Promise<void> {
    await this.#writing;
    const full = this.#buffer.subarray(0, length);
    const rest = this.#buffer.subarray(length, this.#used);
    this.#turn = this.#turn === 0 ? 1 : 0;
    this.#used = rest.copy(this.#buffer);
    this.#flushed += length;
    this.#writing = this.#write(full);
    // Whoever comes next awaits it; until then, nobody does.
    this.#writing.catch(() => undefined);
  }

  /** Gives the memory back once the sink has let go of it, whether it was finished or not. */
  async release(): Promise<void> {
    await this.#writing.catch(() => undefined);
    for (const lease of this.#leases) lease.release();
  }

  get #buffer(): Buffer {
    return this.#leases[this.#turn].buffer;
  }

  async #write(bytes: Buffer): Promise<void> {
    if (bytes.length > 0) await this.#sink.write(bytes);
  }
}
