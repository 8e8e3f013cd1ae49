import { Worker } from 'node:worker_threads';
import type { FuzzFailure, FuzzRange, FuzzThreadData, RangeResult } from './fuzz-thread.ts';

/** Inputs that a thread takes at a time. */
const RANGE = 500;

/** A range that takes longer than this has an input in it that hangs: some 1 s is usual. */
const HANG_MS = 60_000;

/** Heap of a thread: no input may need more than a small part of it. */
const MAX_HEAP_MB = 512;

export interface FuzzPoolOptions {
  readonly seed: number;
  readonly count: number;
  readonly threads: number;
  readonly fixtures: string;
  /** Called after every range. */
  readonly onResult: (result: RangeResult) => void;
}

/**
 * Runs the inputs 0 … count − 1 in threads, each under a watchdog: a thread that hangs or dies is replaced, the input that
 * it had at work is a failure, and the rest of its range goes on.
 */
export async function runInThreads(options: FuzzPoolOptions): Promise<void> {
  const ranges: FuzzRange[] = [];
  for (let start = 0; start < options.count; start += RANGE) {
    ranges.push({ start, end: Math.min(start + RANGE, options.count) });
  }
  ranges.reverse();
  await Promise.all(Array.from({ length: options.threads }, () => workOff(ranges, options)));
}

async function workOff(ranges: FuzzRange[], options: FuzzPoolOptions): Promise<void> {
  let thread = await FuzzThread.start(options);
  for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
    const ending = await thread.run(range);
    if ('counts' in ending) {
      options.onResult(ending);
      continue;
    }
    const { index } = ending;
    options.onResult({ counts: new Map(), failures: [ending], slowest: { index, ms: 0 } });
    for (const rest of [
      { start: range.start, end: index },
      { start: index + 1, end: range.end },
    ]) {
      if (rest.start < rest.end) ranges.push(rest);
    }
    thread = await FuzzThread.start(options);
  }
  await thread.stop();
}

class FuzzThread {
  readonly #worker: Worker;
  readonly #current: Int32Array;

  private constructor(worker: Worker, current: Int32Array) {
    this.#worker = worker;
    this.#current = current;
  }

  static async start({ seed, fixtures }: FuzzPoolOptions): Promise<FuzzThread> {
    const shared = new SharedArrayBuffer(4);
    const workerData: FuzzThreadData = { seed, fixtures, shared };
    const resourceLimits = { maxOldGenerationSizeMb: MAX_HEAP_MB };
    const worker = new Worker(new URL('./fuzz-thread.js', import.meta.url), { workerData, resourceLimits });
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    worker.removeAllListeners();
    return new FuzzThread(worker, new Int32Array(shared));
  }

  /** @returns the failure at which the thread ended, or what it found in the whole range */
  async run(range: FuzzRange): Promise<RangeResult | FuzzFailure> {
    const worker = this.#worker;
    let timer: NodeJS.Timeout | undefined;
    const ending = await new Promise<RangeResult | string>((resolve) => {
      timer = setTimeout(() => resolve(`hangs: no end within ${HANG_MS} ms`), HANG_MS);
      worker.once('message', resolve);
      worker.once('error', (error: unknown) => resolve(`ends its thread: ${String(error)}`));
      worker.once('exit', (code) => resolve(`ends its thread with ${code}`));
      worker.postMessage(range);
    });
    clearTimeout(timer);
    worker.removeAllListeners();
    if (typeof ending !== 'string') return ending;
    const index = Atomics.load(this.#current, 0);
    await this.stop();
    return { index, reason: ending };
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
