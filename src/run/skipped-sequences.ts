import { createHash } from 'node:crypto';
import * as path from 'node:path';
import { CheckpointError } from '../checkpoint/errors.ts';
import { openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import type { FileSystem } from '../platform/file-system.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { makeDurableFolder } from '../platform/sync-folder.ts';
import { replaceFile } from './atomic-file.ts';
import { internal } from './run-folder.ts';

/** A sequence that a checkpoint does without. */
export interface SkippedSequence {
  /** Position among the windows of its part, from 0. */
  row: number;
  id: string;
  /** Why it cannot be embedded. */
  reason: string;
}

/**
 * DIR/.virnucpro/skipped/<digest>.json: what one checkpoint does without. The digest is that of the checkpoint's name and
 * of the ids that it holds, so a record belongs to exactly one content: whoever has a checkpoint finds its record by its
 * exact name, and one that other attempts or earlier runs left is never found.
 */
export interface SkipRecord {
  schema: 1;
  /** Relative to DIR. */
  checkpoint: string;
  /** Rows of the checkpoint. */
  rows: number;
  /** In ascending order of their rows. */
  skipped: SkippedSequence[];
}

function recordFile(directory: string, checkpoint: string, ids: readonly string[]): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([checkpoint, ids]))
    .digest('hex');
  return path.join(directory, internal.skipped, `${digest}.json`);
}

/**
 * Writes down what a checkpoint will do without, durable when this returns. Has to be done before the checkpoint gets its
 * name: without the record it would be taken for one of another input.
 *
 * @param ids that the checkpoint will hold, in order
 */
export async function recordSkipped(
  directory: string,
  checkpoint: string,
  ids: readonly string[],
  skipped: readonly SkippedSequence[],
  fileSystem: FileSystem = nodeFileSystem,
): Promise<void> {
  const file = recordFile(directory, checkpoint, ids);
  const record: SkipRecord = { schema: 1, checkpoint, rows: ids.length, skipped: [...skipped] };
  await makeDurableFolder(fileSystem, path.dirname(file));
  await replaceFile(file, `${JSON.stringify(record)}\n`, fileSystem);
}

/**
 * The record of a checkpoint that holds these ids; undefined if there is none, or nothing that is one.
 *
 * @throws errno errors
 */
export async function readSkipRecord(
  directory: string,
  checkpoint: string,
  ids: readonly string[],
  fileSystem: FileSystem = nodeFileSystem,
): Promise<SkipRecord | undefined> {
  const text = await readText(recordFile(directory, checkpoint, ids), fileSystem);
  const record = text === undefined ? undefined : parseRecord(text);
  return record?.checkpoint === checkpoint && record.rows === ids.length ? record : undefined;
}

/**
 * The record of a checkpoint on disk, found by the ids in it; undefined if it has none or cannot be read as a checkpoint.
 *
 * @throws CheckpointError `unavailable`, errno errors, the abort reason
 */
export async function skipRecordOf(
  directory: string,
  checkpoint: string,
  signal: AbortSignal,
): Promise<SkipRecord | undefined> {
  try {
    const opened = await openCheckpoint(path.join(directory, checkpoint), { level: 'structure', signal });
    opened.close();
    return await readSkipRecord(directory, checkpoint, opened.ids);
  } catch (error) {
    if (error instanceof CheckpointError && error.class !== 'unavailable') return undefined;
    throw error;
  }
}

/**
 * The ids of an input without the skipped ones, in order.
 *
 * @returns undefined if the record is not one of this input
 */
export function idsWithout(ids: readonly string[], skipped: readonly SkippedSequence[]): string[] | undefined {
  if (skipped.some(({ row, id }) => ids[row] !== id)) return undefined;
  const rows = new Set(skipped.map(({ row }) => row));
  return ids.filter((_, row) => !rows.has(row));
}

/** For people: `, 2 sequences skipped`, or nothing if there are none. */
export function countSkipped(count: number): string {
  return count === 0 ? '' : `, ${count} ${count === 1 ? 'sequence' : 'sequences'} skipped`;
}

/** Ids that a message names. */
const MAX_NAMED = 5;

/** `2 of 10 sequences skipped: "a", "b"` */
export function describeSkipped({ rows, skipped }: SkipRecord): string {
  const named = skipped.slice(0, MAX_NAMED).map(({ id }) => `"${id}"`);
  const more = skipped.length > named.length ? ', …' : '';
  return `${skipped.length} of ${rows + skipped.length} sequences skipped: ${named.join(', ')}${more}`;
}

async function readText(file: string, fileSystem: FileSystem): Promise<string | undefined> {
  const opened = await fileSystem.open(file, 'read').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (opened === undefined) return undefined;
  try {
    const bytes = Buffer.alloc(await opened.size());
    let done = 0;
    for (let got = 1; done < bytes.length && got > 0; done += got) got = await opened.read(bytes.subarray(done), done);
    return bytes.toString('utf8', 0, done);
  } finally {
    await opened.close().catch(() => undefined);
  }
}

function parseRecord(text: string): SkipRecord | undefined {
  try {
    const record = JSON.parse(text) as Partial<SkipRecord> | null;
    const isRecord = record?.schema === 1 && Array.isArray(record.skipped) && record.skipped.every(isSkipped);
    return isRecord ? (record as SkipRecord) : undefined;
  } catch {
    return undefined;
  }
}

function isSkipped(value: Partial<SkippedSequence> | null): boolean {
  return Number.isInteger(value?.row) && typeof value?.id === 'string' && typeof value.reason === 'string';
}
