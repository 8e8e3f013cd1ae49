import { availableParallelism } from 'node:os';
import { MessageChannel } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { unpackError } from '../checkpoint/transferable-error.ts';
import { entryUrl } from '../platform/entry-url.ts';
import type { StageProgress, StageReply, StageTasks } from './stage-tasks.ts';
import type { StageContext } from './stage.ts';

/** More stages than this are seldom open at once, and each may hold a chromosome. */
const MAX_THREADS = 4;

/** Long enough to keep threads between the stages of an input, short enough not to outlive a worker. */
const IDLE_MS = 10_000;

let pool: Piscina | undefined;

type ResultOf<Name extends keyof StageTasks> =
  Awaited<ReturnType<StageTasks[Name]>> extends StageReply<infer Result> ? Result : never;

/**
 * Runs a stage in a thread, which is made at first use and does not keep the process alive.
 *
 * @throws what the stage throws; the reason of the signal, once the stage has cleaned up
 */
export async function runStage<Name extends keyof StageTasks>(
  name: Name,
  { directory, request, input, signal, onProgress }: StageContext,
): Promise<ResultOf<Name>> {
  signal.throwIfAborted();
  const { port1, port2 } = new MessageChannel();
  const abort = (): void => port1.postMessage('abort');
  signal.addEventListener('abort', abort, { once: true });
  port1.on('message', ({ done, total }: StageProgress) => onProgress?.(done, total));
  // Of a request with many inputs only the one is of use there.
  const task = { directory, request: { ...request, inputs: [] }, input, port: port2 };
  try {
    const reply = (await threads().run(task, { name, transferList: [port2] })) as StageReply<ResultOf<Name>>;
    if ('result' in reply) return reply.result;
    signal.throwIfAborted();
    throw unpackError(reply.error);
  } finally {
    signal.removeEventListener('abort', abort);
    port1.close();
  }
}

function threads(): Piscina {
  pool ??= new Piscina({
    filename: entryUrl(import.meta.url, './stage-thread.js').href,
    minThreads: 0,
    maxThreads: Math.min(MAX_THREADS, availableParallelism()),
    idleTimeout: IDLE_MS,
  });
  return pool;
}
