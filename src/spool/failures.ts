import { join } from 'node:path';
import type { FileSystem, OpenFile } from '../platform/file-system.ts';
import { writeAll } from '../platform/file-system.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { failureEpoch, failureName } from './names.ts';

/** An attempt that ended in an embedder error. Attempts that end otherwise leave no mark, and so do not count. */
export interface FailedAttempt {
  epoch: number;
  /** Durable rows when the attempt began. */
  rowsBefore: number;
  /** Durable rows when it ended. */
  rowsAfter: number;
}

/** Longest mark that is read; ours have about 60 bytes. */
const MAX_MARK_BYTES = 4096;

/**
 * Notes that an attempt ended in an embedder error.
 *
 * @throws errno errors
 */
export async function recordFailure(
  folder: string,
  attempt: FailedAttempt,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<void> {
  const file = await fileSystem.open(join(folder, failureName(attempt.epoch)), 'create-exclusive');
  try {
    await writeAll(file, Buffer.from(`${JSON.stringify(attempt)}\n`), 0);
  } finally {
    await file.close();
  }
}

/**
 * How many of the latest failures came one after the other without a single new durable row, in them or between them.
 * Marks that a crash left unreadable do not count.
 *
 * @throws errno errors, except that an absent folder has no failures
 */
export async function countFruitlessFailures(folder: string, fileSystem: FileSystem = nodeFileSystem): Promise<number> {
  let count = 0;
  let rowsThen: number | undefined;
  for (const { rowsBefore, rowsAfter } of (await readFailures(folder, fileSystem)).toReversed()) {
    if (rowsAfter > rowsBefore || (rowsThen !== undefined && rowsThen > rowsAfter)) break;
    count += 1;
    rowsThen = rowsBefore;
  }
  return count;
}

async function readFailures(folder: string, fileSystem: FileSystem): Promise<FailedAttempt[]> {
  const failures: FailedAttempt[] = [];
  for (const name of await listIfThere(folder, fileSystem)) {
    if (failureEpoch(name) === undefined) continue;
    const attempt = parseMark(await readText(join(folder, name), fileSystem));
    if (attempt !== undefined) failures.push(attempt);
  }
  return failures.toSorted((a, b) => a.epoch - b.epoch);
}

async function listIfThere(folder: string, fileSystem: FileSystem): Promise<string[]> {
  try {
    return await fileSystem.list(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function readText(path: string, fileSystem: FileSystem): Promise<string> {
  const file: OpenFile = await fileSystem.open(path, 'read');
  try {
    const bytes = Buffer.alloc(MAX_MARK_BYTES);
    return bytes.toString('utf8', 0, await file.read(bytes, 0));
  } finally {
    await file.close();
  }
}

function parseMark(text: string): FailedAttempt | undefined {
  try {
    const { epoch, rowsBefore, rowsAfter } = JSON.parse(text) as Partial<FailedAttempt>;
    if (typeof epoch !== 'number' || typeof rowsBefore !== 'number' || typeof rowsAfter !== 'number') return undefined;
    return { epoch, rowsBefore, rowsAfter };
  } catch {
    return undefined;
  }
}

/**
 * Removes the marks of failed attempts, for a run that tries everything again.
 *
 * @throws errno errors, except that an absent folder has no failures
 */
export async function forgetFailures(folder: string, fileSystem: FileSystem = nodeFileSystem): Promise<void> {
  for (const name of await listIfThere(folder, fileSystem)) {
    if (failureEpoch(name) !== undefined) await fileSystem.unlink(join(folder, name));
  }
}
