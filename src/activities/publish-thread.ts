import { VirnucproError } from '../contract/virnucpro-error.ts';
import { blockingFileSystem } from '../platform/blocking-file-system.ts';
import { readPart } from '../sequences/index.ts';
import type { PublishReply, PublishTask, StoppableTask } from './publish-task.ts';
import { settleCheckpoint } from './settle-checkpoint.ts';
import { stoppable } from './stoppable-file-system.ts';

/** Runs in a thread: pickling, CRCs and read-back of a checkpoint take seconds and must not block the event loop. */
export default async function publish({ task, stop }: StoppableTask): Promise<PublishReply> {
  const fileSystem = stoppable(blockingFileSystem, () => {
    if (Atomics.load(stop, 0) !== 0) throw new Error('the attempt was aborted');
  });
  try {
    return { ok: true, result: await settleCheckpoint(task, await idsOf(task), fileSystem) };
  } catch (error) {
    return { ok: false, error: described(error) };
  }
}

async function idsOf({ inputFile, part, gzip, chunkLength }: PublishTask): Promise<string[]> {
  const ids: string[] = [];
  const options = { gzip, ...(chunkLength === null ? {} : { chunkLength }) };
  for await (const { id } of readPart(inputFile, part, options)) ids.push(id);
  return ids;
}

function described(error: unknown): Extract<PublishReply, { ok: false }>['error'] {
  const { message, code, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof VirnucproError) return { message, type: error.type };
  return { message, ...(code === undefined ? {} : { code }), ...(syscall === undefined ? {} : { syscall }) };
}
