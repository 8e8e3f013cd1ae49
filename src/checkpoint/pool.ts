import { availableParallelism } from 'node:os';
import type { MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { entryUrl } from '../platform/entry-url.ts';
import type { CheckpointTasks } from './thread-tasks.ts';

/** More threads than this wait for the disk, not for each other. */
const MAX_THREADS = 8;

/** Long enough to keep threads over the pauses of a run, short enough to give their memory back afterwards. */
const IDLE_MS = 30_000;

let pool: Piscina | undefined;

/** How many tasks can run at once. */
export function checkpointThreads(): number {
  return Math.min(MAX_THREADS, availableParallelism());
}

/**
 * Runs a task of `checkpoint-thread.ts` in the shared pool, which is made at first use and does not keep the process alive.
 *
 * @throws the reason of `signal` once it is aborted: the thread is stopped, whatever it was doing
 */
export async function runInThread<Name extends keyof CheckpointTasks>(
  name: Name,
  input: Parameters<CheckpointTasks[Name]>[0],
  options: { signal?: AbortSignal | undefined; transfer?: MessagePort[] } = {},
): Promise<Awaited<ReturnType<CheckpointTasks[Name]>>> {
  options.signal?.throwIfAborted();
  pool ??= new Piscina({
    filename: entryUrl(import.meta.url, './checkpoint-thread.js').href,
    minThreads: 0,
    maxThreads: checkpointThreads(),
    idleTimeout: IDLE_MS,
  });
  try {
    return (await pool.run(input, {
      name,
      signal: options.signal ?? null,
      transferList: options.transfer ?? [],
    })) as Awaited<ReturnType<CheckpointTasks[Name]>>;
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error;
  }
}

/** Stops the threads; a later call makes new ones. Only needed to free them early: they do not keep the process alive. */
export async function closeCheckpointThreads(): Promise<void> {
  const closing = pool;
  pool = undefined;
  await closing?.destroy();
}
