import { deferred, type Deferred } from '../../platform/deferred.ts';

/** Lets a number of works run at a time; others wait in the order in which they came. */
export class InFlight {
  readonly #most: number;
  #running = 0;
  readonly #waiting: Deferred<void>[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws what `work` throws; the abort reason while it waits */
  async pass<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // Whoever waits takes over the place.
      if (next === undefined) this.#running -= 1;
      else next.resolve();
    }
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#running < this.#most) {
      this.#running += 1;
      return;
    }
    const turn = deferred<void>();
    const onAbort = (): void => {
      const at = this.#waiting.indexOf(turn);
      if (at < 0) return;
      this.#waiting.splice(at, 1);
      turn.reject(signal.reason);
    };
    this.#waiting.push(turn);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await turn.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}
