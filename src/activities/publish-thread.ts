import { VirnucproError } from '../contract/virnucpro-error.ts';
import { blockingFileSystem } from '../platform/blocking-file-system.ts';
import { readPart } from '../sequences/index.ts';
import { SPOOL_WAIT_MS } from '../spool/index.ts';
import type { PublishReply, PublishTask, StoppableTask } from './publish-task.ts';
import { settleCheckpoint } from './settle-checkpoint.ts';
import { stoppable } from './stoppable-file-system.ts';

/** Runs in a thread: pickling, CRCs and read-back of a checkpoint take seconds and must not block the event loop. */
export default async function publish({ task, askedAt, stop }: StoppableTask): Promise<PublishReply> {
  const throwIfStopped = () => {
    if (Atomics.load(stop, 0) !== 0) throw new Error('the attempt was aborted');
  };
  const fileSystem = stoppable(blockingFileSystem, throwIfStopped);
  try {
    const ids = await idsOf(task, throwIfStopped);
    // Many tasks may have lost their rows at once; each waiting in turn would hold up all others.
    const waitMs = Math.max(0, askedAt + SPOOL_WAIT_MS - Date.now());
    return { ok: true, result: await settleCheckpoint(task, ids, fileSystem, { waitMs }) };
  } catch (error) {
    return { ok: false, error: described(error) };
  }
}

async function idsOf(
  { inputFile, part, gzip, chunkLength }: PublishTask,
  throwIfStopped: () => void,
): Promise<string[]> {
  const ids: string[] = [];
  const options = { gzip, ...(chunkLength === null ? {} : { chunkLength }) };
  for await (const { id } of readPart(inputFile, part, options)) {
    throwIfStopped();
    ids.push(id);
  }
  return ids;
}

function described(error: unknown): Extract<PublishReply, { ok: false }>['error'] {
  const { message, code, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof VirnucproError) return { message, type: error.type };
  return { message, ...(code === undefined ? {} : { code }), ...(syscall === undefined ? {} : { syscall }) };
}
