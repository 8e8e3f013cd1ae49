import { rmSync } from 'node:fs';
import { publishCheckpoint } from '../checkpoint/index.ts';
import type { PublishResult } from '../checkpoint/types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { blockingFileSystem as fileSystem } from '../platform/blocking-file-system.ts';
import { readPart } from '../sequences/index.ts';
import { SpoolRows } from '../spool/index.ts';
import { existingCheckpoint } from './existing-checkpoint.ts';
import type { PublishReply, PublishTask } from './publish-task.ts';

/**
 * Runs in a thread: pickling, CRCs and read-back of a checkpoint take seconds and must not block the event loop. A
 * checkpoint that an earlier attempt has published is found before the spool, which may be gone by then, is asked for.
 */
export default async function publish(task: PublishTask): Promise<PublishReply> {
  try {
    const ids = await idsOf(task);
    const result = existingCheckpoint(task, ids) ?? (await publishRows(task, ids));
    rmSync(task.spoolFolder, { recursive: true, force: true });
    return { ok: true, result };
  } catch (error) {
    return { ok: false, error: described(error) };
  }
}

async function publishRows(task: PublishTask, ids: string[]): Promise<PublishResult> {
  const rows = await SpoolRows.open(task.spoolFolder, task.shape, task.segments, { fileSystem });
  try {
    return await publishCheckpoint(task.checkpointFile, { kind: task.kind, ids, rows }, { fileSystem });
  } finally {
    rows.close();
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
