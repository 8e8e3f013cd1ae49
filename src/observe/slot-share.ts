/** How much of the slot time of a worker tasks take, measured over windows and not at moments. */
export class SlotShare {
  readonly #slots: number;
  #busy = 0;
  #busyMs = 0;
  #changedAt: number;
  #windowFrom: number;

  /** @param now milliseconds, of a clock that never goes back */
  constructor(slots: number, now: number) {
    this.#slots = slots;
    this.#changedAt = now;
    this.#windowFrom = now;
  }

  get slots(): number {
    return this.#slots;
  }

  /** Tasks in hand. */
  get busy(): number {
    return this.#busy;
  }

  /** @param by 1: a task was taken; -1: one has ended */
  change(by: 1 | -1, now: number): void {
    this.#account(now);
    this.#busy += by;
  }

  /**
   * Ends a window and begins the next.
   *
   * @returns busy slot time by all slot time of the window, 0 to 1
   */
  take(now: number): number {
    this.#account(now);
    const all = this.#slots * (now - this.#windowFrom);
    const share = all > 0 ? Math.min(1, this.#busyMs / all) : 0;
    this.#busyMs = 0;
    this.#windowFrom = now;
    return share;
  }

  #account(now: number): void {
    this.#busyMs += this.#busy * (now - this.#changedAt);
    this.#changedAt = now;
  }
}
