/** Numbers what goes on at the same time, for each kind of it: the lowest number from 0 that is free. */
export class Slots {
  readonly #taken = new Map<string, boolean[]>();

  take(kind: string): number {
    let taken = this.#taken.get(kind);
    if (taken === undefined) this.#taken.set(kind, (taken = []));
    const free = taken.indexOf(false);
    const slot = free < 0 ? taken.length : free;
    taken[slot] = true;
    return slot;
  }

  free(kind: string, slot: number): void {
    const taken = this.#taken.get(kind);
    if (taken !== undefined) taken[slot] = false;
  }
}
