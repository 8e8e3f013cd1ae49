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

/** A message of the thread, or why it ended. */
type Ending = RangeResult | 'ready' | { readonly died: string };

class FuzzThread {
  readonly #worker: Worker;
  readonly #shared = new SharedArrayBuffer(4);
  #settle: (ending: Ending) => void = () => {};

  private constructor({ seed, fixtures }: FuzzPoolOptions) {
    const workerData: FuzzThreadData = { seed, fixtures, shared: this.#shared };
    const resourceLimits = { maxOldGenerationSizeMb: MAX_HEAP_MB };
    this.#worker = new Worker(new URL('./fuzz-thread.js', import.meta.url), { workerData, resourceLimits });
    this.#worker.on('message', (message: RangeResult | 'ready') => this.#settle(message));
    this.#worker.on('error', (error: unknown) => this.#settle({ died: `ends its thread: ${String(error)}` }));
    this.#worker.on('exit', (code) => this.#settle({ died: `ends its thread with ${code}` }));
  }

  static async start(options: FuzzPoolOptions): Promise<FuzzThread> {
    const thread = new FuzzThread(options);
    const ending = await thread.#next();
    if (ending === 'ready') return thread;
    throw new Error(`thread: ${JSON.stringify(ending)}`);
  }

  /** @returns the failure at which the thread ended, or what it found in the whole range */
  async run(range: FuzzRange): Promise<RangeResult | FuzzFailure> {
    this.#worker.postMessage(range, []);
    const ending = await this.#next();
    if (typeof ending === 'object' && 'counts' in ending) return ending;
    const index = Atomics.load(new Int32Array(this.#shared), 0);
    await this.stop();
    return { index, reason: ending === 'ready' ? ending : ending.died };
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  async #next(): Promise<Ending> {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Ending>((resolve) => {
        this.#settle = resolve;
        timer = setTimeout(() => resolve({ died: `hangs: no end within ${HANG_MS} ms` }), HANG_MS);
      });
    } finally {
      clearTimeout(timer);
    }
  }
}
