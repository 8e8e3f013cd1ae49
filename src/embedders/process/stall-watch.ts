/** Looks in a stretch of patience. */
const LOOKS = 8;

/**
 * Notices that signs of life do not come. It counts its own looks instead of reading a clock: where this process itself was
 * stopped, or the machine asleep, that is one look.
 */
export class StallWatch {
  readonly #onStall: (ms: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #ms = 0;
  #quietLooks = 0;

  /** @param onStall told how long nothing came */
  constructor(onStall: (ms: number) => void) {
    this.#onStall = onStall;
  }

  /** From now on a sign has to come within `ms`, again and again; what is expected already goes on as it is. */
  expect(ms: number): void {
    if (this.#timer !== undefined && ms === this.#ms) return;
    this.rest();
    this.#ms = ms;
    this.#timer = setInterval(() => this.#look(), ms / LOOKS);
    this.#timer.unref();
  }

  sign(): void {
    this.#quietLooks = 0;
  }

  /** Nothing is expected. */
  rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#quietLooks = 0;
  }

  #look(): void {
    this.#quietLooks += 1;
    if (this.#quietLooks <= LOOKS) return;
    const ms = this.#ms;
    this.rest();
    this.#onStall(ms);
  }
}
