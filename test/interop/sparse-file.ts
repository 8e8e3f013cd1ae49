import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import type { ByteSink } from '../../src/torch/index.ts';

const ZEROS = Buffer.alloc(1 << 20);

/** A file in which chunks of zeros are holes: gigabytes that take no disk. */
export class SparseFile implements ByteSink {
  readonly #descriptor: number;
  #size = 0;

  constructor(path: string) {
    this.#descriptor = openSync(path, 'wx');
  }

  write(bytes: Uint8Array): void {
    if (ZEROS.compare(bytes, 0, bytes.length, 0, bytes.length) !== 0) {
      writeSync(this.#descriptor, bytes, 0, bytes.length, this.#size);
    }
    this.#size += bytes.length;
  }

  close(): void {
    ftruncateSync(this.#descriptor, this.#size);
    closeSync(this.#descriptor);
  }
}
