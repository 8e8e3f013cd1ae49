import { publishCheckpoint } from '../checkpoint/index.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { blockingFileSystem as fileSystem } from '../platform/blocking-file-system.ts';
import { SpoolRows } from '../spool/index.ts';
import type { PublishReply, PublishTask } from './publish-task.ts';

/** Runs in a thread: pickling, CRCs and read-back of a checkpoint take seconds and must not block the event loop. */
export default async function publish(task: PublishTask): Promise<PublishReply> {
  try {
    const rows = await SpoolRows.open(task.spoolFolder, task.shape, task.segments, { fileSystem });
    try {
      const { kind, ids, checkpointFile } = task;
      return { ok: true, result: await publishCheckpoint(checkpointFile, { kind, ids, rows }, { fileSystem }) };
    } finally {
      rows.close();
    }
  } catch (error) {
    return { ok: false, error: described(error) };
  }
}

function described(error: unknown): Extract<PublishReply, { ok: false }>['error'] {
  const { message, code, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof VirnucproError) return { message, type: error.type };
  return { message, ...(code === undefined ? {} : { code }), ...(syscall === undefined ? {} : { syscall }) };
}
