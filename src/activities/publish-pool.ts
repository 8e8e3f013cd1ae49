import { Piscina } from 'piscina';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { entryUrl } from '../platform/entry-url.ts';
import type { PublishReply, PublishTask, SettledCheckpoint, StoppableTask } from './publish-task.ts';

/** One publishes while the other waits for its three fsyncs; more would each have to be started and warmed up. */
const THREADS = 2;
/** Threads end when nothing was published for this long, so that a pool does not outlive its worker. */
const IDLE_MS = 10_000;

let pool: Piscina<StoppableTask, PublishReply> | undefined;

/**
 * Publishes a checkpoint in a thread of its own, which is told of an abort: it then gives the file no name any more and
 * stops waiting for rows, but clears away what it has written.
 *
 * @throws what publishCheckpoint and SpoolRows throw; the abort reason
 */
export async function publishInThread(task: PublishTask, signal: AbortSignal): Promise<SettledCheckpoint> {
  pool ??= new Piscina({
    filename: entryUrl(import.meta.url, './publish-thread.js').href,
    maxThreads: THREADS,
    minThreads: 0,
    idleTimeout: IDLE_MS,
  });
  signal.throwIfAborted();
  const stop = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const onAbort = () => void Atomics.store(stop, 0, 1);
  signal.addEventListener('abort', onAbort, { once: true });
  const reply = await pool
    .run({ task, askedAt: Date.now(), stop })
    .finally(() => signal.removeEventListener('abort', onAbort));
  signal.throwIfAborted();
  if (reply.ok) return reply.result;
  throw revived(reply.error);
}

const TYPES: readonly string[] = Object.values(FailureType);

function revived(error: Extract<PublishReply, { ok: false }>['error']): Error {
  if (error.type !== undefined && TYPES.includes(error.type)) {
    return new VirnucproError(error.type as FailureType, error.message);
  }
  const { code, syscall } = error;
  return Object.assign(new Error(error.message), {
    ...(code === undefined ? {} : { code }),
    ...(syscall === undefined ? {} : { syscall }),
  });
}
