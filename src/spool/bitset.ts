/** A set of the whole numbers below `size`. */
export class Bitset {
  readonly size: number;
  readonly #words: Uint8Array;
  #count = 0;

  constructor(size: number) {
    this.size = size;
    this.#words = new Uint8Array(Math.ceil(size / 8));
  }

  /** How many numbers are in the set. */
  get count(): number {
    return this.#count;
  }

  has(value: number): boolean {
    return (((this.#words[value >>> 3] ?? 0) >>> (value & 7)) & 1) === 1;
  }

  /** @returns whether it was not in the set before */
  add(value: number): boolean {
    if (this.has(value)) return false;
    this.#words[value >>> 3] = (this.#words[value >>> 3] as number) | (1 << (value & 7));
    this.#count += 1;
    return true;
  }

  delete(value: number): void {
    if (!this.has(value)) return;
    this.#words[value >>> 3] = (this.#words[value >>> 3] as number) & ~(1 << (value & 7));
    this.#count -= 1;
  }
}
