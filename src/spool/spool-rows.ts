import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import type { FileSystem, OpenFile } from '../platform/file-system.ts';
import { nodeFileSystem } from '../platform/node-file-system.ts';
import { swapOnBigEndian } from './layout.ts';
import { segmentEpoch } from './names.ts';
import type { SegmentPrefix } from './scan-segment.ts';
import { scanSegment } from './scan-segment.ts';
import { segmentReference } from './segment-writer.ts';
import type { SegmentReference, SpoolShape } from './types.ts';

export interface SpoolRowsOptions {
  /** @default the real one */
  fileSystem?: FileSystem;
  signal?: AbortSignal;
  /** How long to wait for segments that are absent or short: NFS shows another host's files late. @default 90000 */
  waitMs?: number;
  /** @default 500 */
  pollMs?: number;
}

const WAIT_MS = 90_000;
const POLL_MS = 500;
/** No segment holds the row. */
const NO_SEGMENT = 0xffff;

interface RowIndex {
  /** Per row, which segment holds it. */
  segment: Uint16Array;
  /** Per row, the offset of its vector in that segment. */
  position: Float64Array;
}

/**
 * The rows of a finished spool by ordinal, read from disk as asked: memory holds 10 bytes a row, not the rows.
 * Reads are synchronous: it serves the checkpoint writer in its own thread.
 */
export class SpoolRows {
  readonly rows: number;
  readonly dim: number;
  readonly #folder: string;
  readonly #index: RowIndex;
  readonly #files: OpenFile[];

  private constructor(folder: string, shape: SpoolShape, index: RowIndex, files: OpenFile[]) {
    this.#folder = folder;
    this.rows = shape.rows;
    this.dim = shape.dim;
    this.#index = index;
    this.#files = files;
  }

  /**
   * Opens the segments by their exact names, checks their lengths and CRCs, and finds every row.
   *
   * @param segments as `Spool.finish` gave them, in that order
   * @throws VirnucproError `RunError.SpoolIncomplete` if, after the wait, a segment is absent, short or other than named,
   *   or a row is missing; errno errors and the abort reason
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
    const deadline = Date.now() + (options.waitMs ?? WAIT_MS);
    const files: OpenFile[] = [];
    try {
      for (const [number, segment] of segments.entries()) {
        const { file, prefix } = await openSegment(folder, shape, segment, { ...options, deadline });
        files.push(file);
        addRows(index, number, shape.dim, prefix);
      }
      const missing = index.segment.indexOf(NO_SEGMENT);
      if (missing >= 0) throw incomplete(folder, `no segment holds row ${missing}`);
    } catch (error) {
      await closeAll(files);
      throw error;
    }
    return new SpoolRows(folder, shape, index, files);
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
  const file = await waitForSegment(fileSystem, folder, segment, options);
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

/** Opens the segment anew until it has the bytes that were promised: only opening asks an NFS server again. */
async function waitForSegment(
  fileSystem: FileSystem,
  folder: string,
  segment: SegmentReference,
  options: SpoolRowsOptions & { deadline: number },
): Promise<OpenFile> {
  for (;;) {
    options.signal?.throwIfAborted();
    const { file, size } = await openIfThere(fileSystem, join(folder, segment.name));
    if (file !== undefined && size >= segment.bytes) return file;
    await file?.close();
    if (Date.now() >= options.deadline) {
      const found = file === undefined ? 'no such file' : `${size} bytes`;
      throw incomplete(folder, `${segment.name}: expected ${segment.bytes} bytes, found ${found}`);
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

function incomplete(folder: string, problem: string): VirnucproError {
  return new VirnucproError(
    FailureType.RunSpoolIncomplete,
    `${folder}: the spool is incomplete: ${problem}; the file has to be embedded again`,
  );
}
