import { parentPort, workerData } from 'node:worker_threads';
import { checkInput, checkTwin } from './check-input.ts';
import { fuzzInput } from './fuzz-input.ts';
import type { Family } from './fuzz-input.ts';
import { loadSeeds } from './seeds.ts';
import { packageUnderTest } from './subject.ts';

/** What a thread is started with. */
export interface FuzzThreadData {
  readonly seed: number;
  readonly fixtures: string;
  /** Index of the input at work, for whoever has to end a thread that hangs.*/
  readonly shared: SharedArrayBuffer;
}

export interface FuzzRange {
  readonly start: number;
  readonly end: number;
}

export interface FuzzFailure {
  readonly index: number;
  readonly reason: string;
}

export interface RangeResult {
  /** How many inputs of each family had each outcome: `family\toutcome`. */
  readonly counts: ReadonlyMap<string, number>;
  readonly failures: readonly FuzzFailure[];
  readonly slowest: { readonly index: number; readonly ms: number };
}

/** Whatever takes longer, measured three times, has no bound that holds for inputs of at most some 70 kB. */
const MAX_MS = 2_000;

function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function timed(work: () => string): { outcome: string; ms: number } {
  const start = performance.now();
  const outcome = work();
  return { outcome, ms: performance.now() - start };
}

/** The least of three, because other programs slow this one down, but never speed it up. */
function leastOf(first: number, work: () => string): number {
  return first < MAX_MS ? first : Math.min(first, timed(work).ms, timed(work).ms);
}

function runRange(
  { start, end }: FuzzRange,
  data: FuzzThreadData,
  seeds: Awaited<ReturnType<typeof loadSeeds>>,
): RangeResult {
  const current = new Int32Array(data.shared);
  const counts = new Map<string, number>();
  const failures: FuzzFailure[] = [];
  let slowest = { index: start, ms: 0 };
  const count = (family: Family, outcome: string): void => {
    const key = `${family}\t${outcome}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };
  for (let index = start; index < end; index++) {
    Atomics.store(current, 0, index);
    const { family, bytes, twin } = fuzzInput(data.seed, index, seeds);
    try {
      const run = (): string => checkInput(bytes, packageUnderTest);
      const { outcome, ms } = timed(run);
      if (ms > slowest.ms) slowest = { index, ms };
      if (leastOf(ms, run) >= MAX_MS) throw new Error(`took ${Math.round(ms)} ms, three times more than ${MAX_MS} ms`);
      if (twin !== undefined) checkTwin(bytes, twin, packageUnderTest);
      count(family, outcome);
    } catch (error) {
      failures.push({ index, reason: reasonOf(error) });
    }
  }
  return { counts, failures, slowest };
}

if (parentPort !== null) {
  const port = parentPort;
  const data = workerData as FuzzThreadData;
  const seeds = await loadSeeds(data.fixtures);
  port.on('message', (range: FuzzRange) => port.postMessage(runRange(range, data, seeds)));
  port.postMessage('ready');
}
