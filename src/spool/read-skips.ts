import { join } from 'node:path';
import type { FileSystem, OpenFile } from '../platform/file-system.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { skipLogEpoch } from './names.ts';
import { segmentReference } from './segment-writer.ts';
import { decodeSkips } from './skip-layout.ts';
import type { SegmentReference, SkippedRecord, SpoolShape } from './types.ts';
import { deadlineOf, incomplete, waitForFile, type WaitOptions } from './wait-for-file.ts';

/** A skip log and the part of it that counts. */
export interface RecoveredSkips {
  reference: SegmentReference;
  records: readonly SkippedRecord[];
}

/**
 * The skip logs that earlier epochs left, lowest epoch first; those of another task or row count are left alone.
 *
 * @param names listing of the folder; a log that a lagging listing misses only costs finding its records again
 * @throws errno errors and the abort reason
 */
export async function recoverSkips(
  fileSystem: FileSystem,
  folder: string,
  names: readonly string[],
  place: { shape: SpoolShape; epoch: number; signal: AbortSignal },
): Promise<RecoveredSkips[]> {
  const recovered: RecoveredSkips[] = [];
  for (const name of names.toSorted()) {
    const epoch = skipLogEpoch(name);
    if (epoch === undefined || epoch >= place.epoch) continue;
    place.signal.throwIfAborted();
    const log = await recoverLog(fileSystem, folder, name, place.shape, epoch);
    if (log !== undefined) recovered.push(log);
  }
  return recovered;
}

async function recoverLog(
  fileSystem: FileSystem,
  folder: string,
  name: string,
  shape: SpoolShape,
  epoch: number,
): Promise<RecoveredSkips | undefined> {
  const file = await fileSystem.open(join(folder, name), 'read').catch((error: unknown) => {
    // Listings can name what is gone: NFS caches them.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const prefix = decodeSkips(await readBytes(file, await file.size()), shape, epoch);
    if (prefix === undefined || prefix.records.length === 0) return undefined;
    // Its writer may have died between write and fsync: what is counted from now on must survive a crash.
    await file.sync();
    return { reference: segmentReference(name, prefix.bytes, prefix.crc), records: prefix.records };
  } finally {
    await file.close();
  }
}

/**
 * The records of a skip log that was named by `Spool.skips`.
 *
 * @throws VirnucproError `RunError.SpoolIncomplete` if, after the wait, it is absent, short or other than named; errno errors
 *   and the abort reason
 */
export async function readSkips(
  folder: string,
  shape: SpoolShape,
  promised: SegmentReference,
  options: WaitOptions = {},
): Promise<readonly SkippedRecord[]> {
  const { fileSystem = nodeFileSystem } = options;
  const epoch = skipLogEpoch(promised.name);
  if (epoch === undefined) throw incomplete(folder, `"${promised.name}" is not the name of a skip log`);
  const file = await waitForFile(fileSystem, folder, promised, { ...options, deadline: deadlineOf(options) });
  try {
    const prefix = decodeSkips(await readBytes(file, promised.bytes), shape, epoch);
    const found = prefix && segmentReference(promised.name, prefix.bytes, prefix.crc);
    if (prefix !== undefined && found?.bytes === promised.bytes && found.crc32 === promised.crc32)
      return prefix.records;
    const described = found === undefined ? 'a log of another task' : `${found.bytes} bytes, CRC ${found.crc32}`;
    throw incomplete(
      folder,
      `${promised.name}: expected ${promised.bytes} sound bytes, CRC ${promised.crc32}, found ${described}`,
    );
  } finally {
    await file.close().catch(() => undefined);
  }
}

/** Fewer if the file ends before. */
async function readBytes(file: OpenFile, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const got = await file.read(bytes.subarray(done), done);
    if (got === 0) break;
    done += got;
  }
  return bytes.subarray(0, done);
}
