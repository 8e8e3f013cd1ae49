import { statfs } from 'node:fs/promises';
import type { Meters } from './meters.ts';

/** Looking at a busy share may take long; it changes slowly. */
const LOOK_INTERVAL_MS = 15_000;

/** Keeps an eye on the storage that run folders lie on, one look at a time: a share that hangs gets no second one. */
export class StorageSpace {
  readonly #meters: Meters;
  #isLooking = false;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(meters: Meters) {
    this.#meters = meters;
  }

  /** Something was written in this folder. */
  touched(directory: string): void {
    const now = performance.now();
    if (this.#isLooking || now - this.#lookedAt < LOOK_INTERVAL_MS) return;
    this.#isLooking = true;
    this.#lookedAt = now;
    // What cannot be looked at fails elsewhere, with a message.
    void this.#look(directory)
      .catch(() => {})
      .finally(() => {
        this.#isLooking = false;
      });
  }

  async #look(directory: string): Promise<void> {
    const { bavail, blocks, bsize } = await statfs(directory);
    this.#meters.set('virnucpro_storage_free_bytes', bavail * bsize);
    this.#meters.set('virnucpro_storage_size_bytes', blocks * bsize);
  }
}
