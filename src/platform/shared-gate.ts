/** Someone who waits to be let in. */
interface Visitor {
  readonly alone: boolean;
  enter(): void;
}

/**
 * A gate that lets in many at a time, or one alone. First come, first served: whoever asks to be alone waits for those
 * inside, and whoever comes later waits for him.
 */
export class SharedGate {
  #inside = 0;
  #occupied = false;
  readonly #queue: Visitor[] = [];

  /**
   * Does `work` beside others, or with nobody else inside.
   *
   * @throws what `work` throws; the abort reason while it waits
   */
  async pass<T>(alone: boolean, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#enter(alone, signal);
    try {
      return await work();
    } finally {
      this.#inside -= 1;
      if (alone) this.#occupied = false;
      this.#admit();
    }
  }

  #enter(alone: boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const onAbort = (): void => {
        this.#queue.splice(this.#queue.indexOf(visitor), 1);
        reject(signal.reason);
        this.#admit();
      };
      const visitor: Visitor = {
        alone,
        enter: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(visitor);
      this.#admit();
    });
  }

  #admit(): void {
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      if (this.#occupied || (first.alone && this.#inside > 0)) return;
      this.#queue.shift();
      this.#inside += 1;
      this.#occupied = first.alone;
      first.enter();
    }
  }
}
