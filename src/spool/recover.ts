import { join } from 'node:path';
import type { FileSystem, OpenFile } from '../platform/file-system.ts';
import type { Bitset } from './bitset.ts';
import { segmentEpoch } from './names.ts';
import type { SegmentPrefix } from './scan-segment.ts';
import { scanSegment } from './scan-segment.ts';
import { segmentReference } from './segment-writer.ts';
import type { SegmentReference, SpoolShape } from './types.ts';

/**
 * Adds to `done` the rows that earlier epochs left, lowest epoch first.
 *
 * @param names listing of the folder; a segment that a lagging listing misses only costs embedding its rows again
 * @returns the segments that gave at least one row, in that order: where two hold a row, the first one counts
 * @throws errno errors and the abort reason
 */
export async function recoverRows(
  fileSystem: FileSystem,
  folder: string,
  names: readonly string[],
  place: { shape: SpoolShape; epoch: number; done: Bitset; signal: AbortSignal },
): Promise<SegmentReference[]> {
  const references: SegmentReference[] = [];
  for (const { name, epoch } of earlierSegments(names, place.epoch)) {
    place.signal.throwIfAborted();
    const prefix = await recoverSegment(fileSystem, join(folder, name), place.shape, epoch);
    if (prefix !== undefined && addRows(place.done, prefix) > 0) {
      references.push(segmentReference(name, prefix.bytes, prefix.crc));
    }
  }
  return references;
}

function earlierSegments(names: readonly string[], before: number): { name: string; epoch: number }[] {
  return names
    .map((name) => ({ name, epoch: segmentEpoch(name) ?? before }))
    .filter(({ epoch }) => epoch < before)
    .toSorted((a, b) => a.epoch - b.epoch || (a.name < b.name ? -1 : 1));
}

async function recoverSegment(
  fileSystem: FileSystem,
  path: string,
  shape: SpoolShape,
  epoch: number,
): Promise<SegmentPrefix | undefined> {
  const file = await openIfThere(fileSystem, path);
  if (file === undefined) return undefined;
  try {
    const prefix = await scanSegment(file, shape, epoch, await file.size());
    // Its writer may have died between write and fsync: what is counted from now on must survive a crash.
    if (prefix !== undefined && prefix.frames.length > 0) await file.sync();
    return prefix;
  } finally {
    await file.close();
  }
}

/** Listings can name what is gone: NFS caches them. */
async function openIfThere(fileSystem: FileSystem, path: string): Promise<OpenFile | undefined> {
  try {
    return await fileSystem.open(path, 'read');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function addRows(done: Bitset, prefix: SegmentPrefix): number {
  let added = 0;
  for (const { ordinals } of prefix.frames) for (const ordinal of ordinals) added += Number(done.add(ordinal));
  return added;
}
