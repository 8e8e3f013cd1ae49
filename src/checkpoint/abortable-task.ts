import { MessageChannel } from 'node:worker_threads';
import { runInThread } from './pool.ts';
import type { CheckpointTasks } from './thread-tasks.ts';
import { unpackError } from './transferable-error.ts';

/** Tasks that could leave something behind if their thread were stopped. */
type AbortableTask = 'write' | 'convert';

type InputOf<Name extends AbortableTask> = Parameters<CheckpointTasks[Name]>[0];
type ResultOf<Name extends AbortableTask> = Extract<Awaited<ReturnType<CheckpointTasks[Name]>>, { result: unknown }>;

/**
 * Runs a task that is told of an abort, and ends in order.
 *
 * @throws what the task throws; the reason of `signal` once it is aborted, after the task has cleaned up
 */
export async function runAbortable<Name extends AbortableTask>(
  name: Name,
  input: Omit<InputOf<Name>, 'abortPort'>,
  signal: AbortSignal | undefined,
): Promise<ResultOf<Name>['result']> {
  signal?.throwIfAborted();
  const { port1, port2 } = new MessageChannel();
  const abort = (): void => port1.postMessage('abort');
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const withPort = { ...input, abortPort: port2 } as unknown as InputOf<Name>;
    const outcome = await runInThread(name, withPort, { transfer: [port2] });
    if ('result' in outcome) return outcome.result;
    signal?.throwIfAborted();
    throw unpackError(outcome.error);
  } finally {
    signal?.removeEventListener('abort', abort);
    port1.close();
  }
}
