import type { OpenFile } from '../../platform/file-system.ts';
import { writeAll } from '../../platform/file-system.ts';
import type { ByteSink } from '../../torch/index.ts';

const BUFFER_BYTES = 1 << 20;

/** Gathers small pieces into few writes. */
export class TempWriter implements ByteSink {
  readonly #file: OpenFile;
  readonly #signal: AbortSignal | undefined;
  readonly #onProgress: ((bytes: number) => void) | undefined;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #filled = 0;
  #position = 0;

  constructor(file: OpenFile, signal: AbortSignal | undefined, onProgress: ((bytes: number) => void) | undefined) {
    this.#file = file;
    this.#signal = signal;
    this.#onProgress = onProgress;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.byteLength > BUFFER_BYTES - this.#filled) await this.flush();
    if (bytes.byteLength >= BUFFER_BYTES) {
      await this.#writeOut(bytes);
      return;
    }
    this.#buffer.set(bytes, this.#filled);
    this.#filled += bytes.byteLength;
  }

  async flush(): Promise<void> {
    if (this.#filled === 0) return;
    const filled = this.#filled;
    this.#filled = 0;
    await this.#writeOut(this.#buffer.subarray(0, filled));
  }

  async #writeOut(bytes: Uint8Array): Promise<void> {
    this.#signal?.throwIfAborted();
    await writeAll(this.#file, bytes, this.#position);
    this.#position += bytes.byteLength;
    this.#onProgress?.(this.#position);
  }
}
