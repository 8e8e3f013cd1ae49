import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { entryUrl } from '../platform/entry-url.ts';
import type { ClassifierTasks, Refusal } from './thread-tasks.ts';

/** Beyond this, rows do not come as fast from a disk. */
const MAX_THREADS = 8;

/** Threads of one classifier; they do not keep the process alive. */
export class ClassifierPool {
  readonly #pool: Piscina;
  #closed = false;

  /** @param threads at most; one for each processor where absent */
  constructor(threads = Math.min(MAX_THREADS, availableParallelism())) {
    this.#pool = new Piscina({
      filename: entryUrl(import.meta.url, './classifier-thread.js').href,
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: Infinity,
    });
  }

  /**
   * Runs a task of `classifier-thread.ts`.
   *
   * @throws VirnucproError what the task refused; the reason of `signal` once it is aborted: the thread is stopped
   */
  async run<Name extends keyof ClassifierTasks>(
    name: Name,
    input: Parameters<ClassifierTasks[Name]>[0],
    { signal, transfer = [] }: { signal?: AbortSignal | undefined; transfer?: ArrayBuffer[] },
  ): Promise<Exclude<ReturnType<ClassifierTasks[Name]>, Refusal>> {
    signal?.throwIfAborted();
    if (this.#closed) throw new Error('the classifier is closed');
    try {
      const options = { name, signal: signal ?? null, transferList: transfer };
      const result = (await this.#pool.run(input, options)) as ReturnType<ClassifierTasks[Name]>;
      if ('refused' in result) throw new VirnucproError(result.refused.type, result.refused.message);
      return result as Exclude<ReturnType<ClassifierTasks[Name]>, Refusal>;
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  }

  /** Stops the threads, whatever they are doing. */
  close(): Promise<void> {
    this.#closed = true;
    return this.#pool.destroy();
  }
}
