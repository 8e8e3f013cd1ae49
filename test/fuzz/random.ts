/** Integers at which readers of binary formats break. */
const EXTREMES = [0, 1, 2, 127, 128, 255, 256, 32767, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1];

function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** The generator sfc32 (PractRand), seeded so that every input of a run can be made again without those before it. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, index: number) {
    this.#a = mix(seed);
    this.#b = mix(index ^ 0x9e3779b9);
    this.#c = mix(Math.floor(index / 2 ** 32) ^ this.#a);
    for (let round = 0; round < 12; round++) this.u32();
  }

  u32(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** 0 … limit − 1. */
  below(limit: number): number {
    return Math.floor((this.u32() / 2 ** 32) * limit);
  }

  chance(probability: number): boolean {
    return this.u32() < probability * 2 ** 32;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** Small numbers more often than large ones: 0 … limit − 1. */
  small(limit: number): number {
    return this.below(this.below(limit) + 1);
  }

  /** A 32-bit value worth trying in a field. */
  extreme(): number {
    return this.chance(0.7) ? this.pick(EXTREMES) : this.u32();
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  /** A start and an end inside `length`, the end behind the start where `length` is not 0. */
  range(length: number, longest = length): [number, number] {
    const start = this.below(length);
    return [start, Math.min(length, start + 1 + this.small(longest))];
  }
}
