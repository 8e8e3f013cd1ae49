import { MessageChannel } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { CheckpointError } from '../../checkpoint/errors.ts';
import { unpackError } from '../../checkpoint/transferable-error.ts';
import { entryUrl } from '../../platform/entry-url.ts';
import { LackingError } from './merge-part.ts';
import type { MergeReply, MergeTasks } from './merge-tasks.ts';

/** Parts in work at once: the disk is the limit, and the ids of a part of a million rows take 300 MB. */
export const MERGE_THREADS = 2;

const IDLE_MS = 5000;

let pool: Piscina | undefined;

/** How a task is watched from outside. */
export interface MergeWatch {
  signal: AbortSignal;
  /** @param rows done so far */
  onRows(rows: number): void;
}

type InputOf<Name extends keyof MergeTasks> = Omit<Parameters<MergeTasks[Name]>[0], 'port'>;
type ResultOf<Name extends keyof MergeTasks> =
  Awaited<ReturnType<MergeTasks[Name]>> extends MergeReply<infer Result> ? Result : never;

/**
 * Runs a task of `merge-thread.ts` in a thread that is made at first use and does not keep the process alive.
 *
 * @throws LackingError; CheckpointError, errno errors; the reason of the signal, once the task has cleaned up
 */
export async function runMergeTask<Name extends keyof MergeTasks>(
  name: Name,
  input: InputOf<Name>,
  { signal, onRows }: MergeWatch,
): Promise<ResultOf<Name>> {
  signal.throwIfAborted();
  const { port1, port2 } = new MessageChannel();
  const abort = (): void => port1.postMessage('abort');
  signal.addEventListener('abort', abort, { once: true });
  port1.on('message', onRows);
  try {
    const reply = (await mergePool().run({ ...input, port: port2 }, { name, transferList: [port2] })) as MergeReply<
      ResultOf<Name>
    >;
    if ('result' in reply) return reply.result;
    signal.throwIfAborted();
    throw 'lacking' in reply ? lackingError(unpackError(reply.lacking)) : unpackError(reply.error);
  } finally {
    signal.removeEventListener('abort', abort);
    port1.close();
  }
}

function lackingError(why: Error): Error {
  return why instanceof CheckpointError ? new LackingError(why) : why;
}

function mergePool(): Piscina {
  pool ??= new Piscina({
    filename: entryUrl(import.meta.url, './merge-thread.js').href,
    minThreads: 0,
    maxThreads: MERGE_THREADS,
    idleTimeout: IDLE_MS,
  });
  return pool;
}
