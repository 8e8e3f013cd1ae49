import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACCEPTED } from './check-input.ts';
import { fuzzInput } from './fuzz-input.ts';
import type { FuzzFailure, RangeResult } from './fuzz-thread.ts';
import type { Seed } from './seeds.ts';

/** Adds up what the threads found, and keeps every failure as a file. */
export class FuzzReport {
  readonly #seed: number;
  readonly #count: number;
  readonly #folder: string;
  readonly #seeds: readonly Seed[];
  readonly #started = performance.now();
  readonly #counts = new Map<string, number>();
  #done = 0;
  #failures = 0;
  #slowest = { index: 0, ms: 0 };
  #shownAt = performance.now();

  constructor(options: { seed: number; count: number; folder: string; seeds: readonly Seed[] }) {
    this.#seed = options.seed;
    this.#count = options.count;
    this.#folder = options.folder;
    this.#seeds = options.seeds;
  }

  add({ counts, failures, slowest }: RangeResult): void {
    for (const [key, count] of counts) {
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + count);
      this.#done += count;
    }
    for (const failure of failures) this.#keep(failure);
    if (slowest.ms > this.#slowest.ms) this.#slowest = slowest;
    this.#progress();
  }

  /** Prints the tables. @returns the exit code */
  finish(): number {
    const perSecond = Math.round(this.#done / ((performance.now() - this.#started) / 1000));
    const { index, ms } = this.#slowest;
    const accepted = this.#sum((outcome) => outcome === ACCEPTED);
    const rejected = this.#done - this.#failures - accepted;
    const lines = [
      ...this.#table(),
      `seed ${this.#seed}: ${perSecond} inputs/s, each read at header, structure and deep; slowest ${index}: ${ms.toFixed(0)} ms`,
      `${this.#done} inputs, ${accepted} accepted, ${rejected} rejected, ${this.#failures} failures`,
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
    return this.#failures > 0 || this.#done === 0 ? 1 : 0;
  }

  #sum(matches: (outcome: string, family: string) => boolean): number {
    let sum = 0;
    for (const [key, count] of this.#counts) {
      const [family = '', outcome = ''] = key.split('\t');
      if (matches(outcome, family)) sum += count;
    }
    return sum;
  }

  #table(): string[] {
    const names = (part: 0 | 1): string[] => [
      ...new Set([...this.#counts.keys()].map((key) => key.split('\t')[part] ?? '')),
    ];
    const families = names(0).toSorted();
    const rows = names(1)
      .map((outcome) => ({ outcome, total: this.#sum((it) => it === outcome) }))
      .toSorted((one, two) => two.total - one.total);
    const line = (cells: readonly (string | number)[]): string =>
      cells.map((cell, column) => (column === 0 ? String(cell).padEnd(24) : String(cell).padStart(18))).join('');
    return [
      line(['outcome', ...families, 'all']),
      ...rows.map(({ outcome, total }) =>
        line([outcome, ...families.map((it) => this.#sum((of, family) => of === outcome && family === it)), total]),
      ),
    ];
  }

  #keep({ index, reason }: FuzzFailure): void {
    this.#done += 1;
    this.#failures += 1;
    mkdirSync(this.#folder, { recursive: true });
    const path = join(this.#folder, `seed-${this.#seed}-index-${index}`);
    const { family, bytes } = fuzzInput(this.#seed, index, this.#seeds);
    writeFileSync(`${path}.pt`, bytes);
    writeFileSync(`${path}.txt`, `${family}\n${reason}\n`);
    process.stderr.write(
      `FAILURE: ${family}, ${path}.pt\n  npm run fuzz -- --seed ${this.#seed} --index ${index}\n  ${reason}\n`,
    );
  }

  #progress(): void {
    if (performance.now() - this.#shownAt < 10_000) return;
    this.#shownAt = performance.now();
    process.stderr.write(`${this.#done} of ${this.#count} inputs, ${this.#failures} failures\n`);
  }
}
