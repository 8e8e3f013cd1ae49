import type { FileSystem } from '../platform/file-system.ts';
import { SegmentWriter } from './segment-writer.ts';
import { SpoolRows } from './spool-rows.ts';
import type { SegmentReference, SpoolShape } from './types.ts';

/** A reference takes about 110 bytes of a result that has to stay far below 64 KiB. */
export const MAX_SEGMENTS = 100;

/** Bytes of rows copied at once. */
const COPY_BYTES = 1024 * 1024;

/**
 * Copies the rows of many segments, the trace of as many attempts, into one new durable segment.
 *
 * @throws errno errors and the abort reason; the segments stay as they are
 */
export async function compactSegments(
  folder: string,
  shape: SpoolShape,
  segments: readonly SegmentReference[],
  place: { fileSystem: FileSystem; epoch: number; signal: AbortSignal; skipped: readonly number[] },
): Promise<SegmentReference[]> {
  const { fileSystem, signal, skipped } = place;
  const rows = await SpoolRows.open(folder, shape, segments, { fileSystem, signal, skipped, waitMs: 0 });
  try {
    const writer = await SegmentWriter.create(fileSystem, folder, shape, place.epoch);
    try {
      await copyRows(rows, writer, signal);
      await writer.commit();
      await writer.close();
    } catch (error) {
      await writer.abandon();
      throw error;
    }
    return writer.reference === undefined ? [] : [writer.reference];
  } finally {
    await rows.close();
  }
}

async function copyRows(rows: SpoolRows, writer: SegmentWriter, signal: AbortSignal): Promise<void> {
  const batch = Math.max(1, Math.floor(COPY_BYTES / (4 * rows.dim)));
  for (let start = 0; start < rows.rows; start += batch) {
    signal.throwIfAborted();
    const count = Math.min(batch, rows.rows - start);
    const vectors = new Float32Array(count * rows.dim);
    rows.read(start, count, vectors);
    await writer.write(
      Array.from({ length: count }, (_, index) => rows.ordinalOf(start + index)),
      vectors,
    );
  }
}
