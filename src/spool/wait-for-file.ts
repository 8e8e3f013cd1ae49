import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import type { FileSystem, OpenFile } from '../platform/file-system.ts';
import type { SegmentReference } from './types.ts';

export interface WaitOptions {
  /** @default the real one */
  fileSystem?: FileSystem;
  signal?: AbortSignal;
  /** How long to wait for files that are absent or short: NFS shows another host's files late. @default 90000 */
  waitMs?: number;
  /** @default 500 */
  pollMs?: number;
}

/** How long files of a spool are waited for: attributes of files and folders lag up to a minute on NFS (nfs(5)). */
export const SPOOL_WAIT_MS = 90_000;
const POLL_MS = 500;

export function deadlineOf({ waitMs = SPOOL_WAIT_MS }: WaitOptions): number {
  return Date.now() + waitMs;
}

/**
 * Opens a file of a spool anew until it has the bytes that were promised: only opening asks an NFS server again.
 *
 * @throws VirnucproError `RunError.SpoolIncomplete` if it is absent or short at the deadline; errno errors and the abort reason
 */
export async function waitForFile(
  fileSystem: FileSystem,
  folder: string,
  promised: SegmentReference,
  options: WaitOptions & { deadline: number },
): Promise<OpenFile> {
  for (;;) {
    options.signal?.throwIfAborted();
    const { file, size } = await openIfThere(fileSystem, join(folder, promised.name));
    if (file !== undefined && size >= promised.bytes) return file;
    await file?.close();
    if (Date.now() >= options.deadline) {
      const found = file === undefined ? 'no such file' : `${size} bytes`;
      throw incomplete(folder, `${promised.name}: expected ${promised.bytes} bytes, found ${found}`);
    }
    await setTimeout(options.pollMs ?? POLL_MS);
  }
}

async function openIfThere(
  fileSystem: FileSystem,
  path: string,
): Promise<{ file: OpenFile; size: number } | { file: undefined; size: 0 }> {
  try {
    const file = await fileSystem.open(path, 'read');
    return { file, size: await sizeOrClose(file) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { file: undefined, size: 0 };
    throw error;
  }
}

async function sizeOrClose(file: OpenFile): Promise<number> {
  try {
    return await file.size();
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
}

/** What was promised is not on disk. */
export function incomplete(folder: string, problem: string): VirnucproError {
  return new VirnucproError(
    FailureType.RunSpoolIncomplete,
    `${folder}: the spool is incomplete: ${problem}; the file has to be embedded again`,
  );
}
