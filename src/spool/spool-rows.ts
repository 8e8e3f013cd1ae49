import type { OpenFile } from '../platform/file-system.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { swapOnBigEndian } from './layout.ts';
import { segmentEpoch } from './names.ts';
import type { SegmentPrefix } from './scan-segment.ts';
import { scanSegment } from './scan-segment.ts';
import { segmentReference } from './segment-writer.ts';
import type { SegmentReference, SpoolShape } from './types.ts';
import { deadlineOf, incomplete, waitForFile, type WaitOptions } from './wait-for-file.ts';

export interface SpoolRowsOptions extends WaitOptions {
  /** Ordinals that the spool need not hold a row of. @default none */
  skipped?: readonly number[];
}

/** No segment holds the row. */
const NO_SEGMENT = 0xffff;

interface RowIndex {
  /** Per row, which segment holds it. */
  segment: Uint16Array;
  /** Per row, the offset of its vector in that segment. */
  position: Float64Array;
}

/**
 * The rows of a finished spool in the order of their ordinals, skipped ones left out, read from disk as asked: memory holds
 * 10 bytes a row, not the rows. Reads are synchronous: it serves the checkpoint writer in its own thread.
 */
export class SpoolRows {
  readonly rows: number;
  readonly dim: number;
  readonly #folder: string;
  readonly #index: RowIndex;
  readonly #files: OpenFile[];
  /** Ordinal of each row, where some were skipped. */
  readonly #kept: Uint32Array | undefined;

  private constructor(folder: string, dim: number, index: RowIndex, files: OpenFile[], kept: Uint32Array | undefined) {
    this.#folder = folder;
    this.rows = index.segment.length;
    this.dim = dim;
    this.#index = index;
    this.#files = files;
    this.#kept = kept;
  }

  /**
   * Opens the segments by their exact names, checks their lengths and CRCs, and finds every row.
   *
   * @param segments as `Spool.finish` gave them, in that order
   * @throws VirnucproError `RunError.SpoolIncomplete` if, after the wait, a segment is absent, short or other than named,
   *   or a row is missing that was not skipped; errno errors and the abort reason
   */
  static async open(
    folder: string,
    shape: SpoolShape,
    segments: readonly SegmentReference[],
    options: SpoolRowsOptions = {},
  ): Promise<SpoolRows> {
    const index = {
      segment: new Uint16Array(shape.rows).fill(NO_SEGMENT),
      position: new Float64Array(shape.rows),
    };
    const deadline = deadlineOf(options);
    const files: OpenFile[] = [];
    try {
      for (const [number, segment] of segments.entries()) {
        const { file, prefix } = await openSegment(folder, shape, segment, { ...options, deadline });
        files.push(file);
        addRows(index, number, shape.dim, prefix);
      }
      const kept = keptOrdinals(shape.rows, options.skipped ?? []);
      const wanted = kept === undefined ? index : onlyKept(index, kept);
      const missing = wanted.segment.indexOf(NO_SEGMENT);
      if (missing >= 0) throw incomplete(folder, `no segment holds row ${kept?.[missing] ?? missing}`);
      return new SpoolRows(folder, shape.dim, wanted, files, kept);
    } catch (error) {
      await closeAll(files);
      throw error;
    }
  }

  /** Ordinal of a row. */
  ordinalOf(row: number): number {
    return this.#kept?.[row] ?? row;
  }

  /** Copies `count` rows from row `start` into the first `count × dim` values of `into`. */
  read(start: number, count: number, into: Float32Array): void {
    if (start < 0 || start + count > this.rows || into.length < count * this.dim) {
      throw new RangeError(`cannot read rows ${start} to ${start + count} of ${this.rows}`);
    }
    const bytes = Buffer.from(into.buffer, into.byteOffset, 4 * count * this.dim);
    for (let row = start; row < start + count;) {
      const together = this.#adjacentRows(row, start + count);
      const from = 4 * (row - start) * this.dim;
      this.#readAt(row, bytes.subarray(from, from + 4 * together * this.dim));
      row += together;
    }
    swapOnBigEndian(bytes);
  }

  close(): Promise<void> {
    return closeAll(this.#files.splice(0));
  }

  /** How many rows from `row` on lie one after the other in one segment. */
  #adjacentRows(row: number, end: number): number {
    const { segment, position } = this.#index;
    const rowBytes = 4 * this.dim;
    let count = 1;
    while (
      row + count < end &&
      segment[row + count] === segment[row] &&
      position[row + count] === (position[row] as number) + count * rowBytes
    ) {
      count += 1;
    }
    return count;
  }

  #readAt(row: number, into: Buffer): void {
    const file = this.#files[this.#index.segment[row] as number];
    if (file === undefined) throw new Error(`${this.#folder}: rows were read after close`);
    const position = this.#index.position[row] as number;
    for (let done = 0; done < into.length;) {
      const got = file.readSync(into.subarray(done), position + done);
      if (got === 0) throw incomplete(this.#folder, `a segment became shorter while row ${row} was read`);
      done += got;
    }
  }
}

/** undefined: all of them */
function keptOrdinals(rows: number, skipped: readonly number[]): Uint32Array | undefined {
  if (skipped.length === 0) return undefined;
  const without = new Set(skipped);
  return Uint32Array.from({ length: rows }, (_, ordinal) => ordinal).filter((ordinal) => !without.has(ordinal));
}

function onlyKept({ segment, position }: RowIndex, kept: Uint32Array): RowIndex {
  return {
    segment: Uint16Array.from(kept, (ordinal) => segment[ordinal] as number),
    position: Float64Array.from(kept, (ordinal) => position[ordinal] as number),
  };
}

function addRows(index: RowIndex, segment: number, dim: number, prefix: SegmentPrefix): void {
  for (const { ordinals, vectorsAt } of prefix.frames) {
    for (const [place, ordinal] of ordinals.entries()) {
      if (index.segment[ordinal] !== NO_SEGMENT) continue;
      index.segment[ordinal] = segment;
      index.position[ordinal] = vectorsAt + 4 * dim * place;
    }
  }
}

/** They were only read: an error of close(2) says nothing about the rows. */
async function closeAll(files: readonly OpenFile[]): Promise<void> {
  for (const file of files) await file.close().catch(() => undefined);
}

/** Opens a segment and checks that it is, byte for byte, the one that was named. */
async function openSegment(
  folder: string,
  shape: SpoolShape,
  segment: SegmentReference,
  options: SpoolRowsOptions & { deadline: number },
): Promise<{ file: OpenFile; prefix: SegmentPrefix }> {
  const { fileSystem = nodeFileSystem } = options;
  const epoch = segmentEpoch(segment.name);
  if (epoch === undefined) throw incomplete(folder, `"${segment.name}" is not the name of a segment`);
  const file = await waitForFile(fileSystem, folder, segment, options);
  try {
    const prefix = await scanSegment(file, shape, epoch, segment.bytes);
    const found = prefix && segmentReference(segment.name, prefix.bytes, prefix.crc);
    if (prefix !== undefined && found?.bytes === segment.bytes && found.crc32 === segment.crc32) {
      return { file, prefix };
    }
    const described = found === undefined ? 'a segment of another task' : `${found.bytes} bytes, CRC ${found.crc32}`;
    throw incomplete(
      folder,
      `${segment.name}: expected ${segment.bytes} sound bytes, CRC ${segment.crc32}, found ${described}`,
    );
  } catch (error) {
    await closeAll([file]);
    throw error;
  }
}
