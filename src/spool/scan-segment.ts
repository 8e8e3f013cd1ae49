import { crc32 } from 'node:zlib';
import type { OpenFile } from '../platform/file-system.ts';
import {
  decodeFrameHead,
  encodeHeader,
  FRAME_HEAD_BYTES,
  frameBytes,
  frameHeadCrc,
  HEADER_BYTES,
  vectorsOffset,
} from './layout.ts';
import type { SpoolShape } from './types.ts';

/** Bytes read at once: bounds the memory of a scan whatever the size of a frame. */
const READ_BYTES = 1024 * 1024;

/** Where the rows of a batch lie in its segment. */
interface FrameRows {
  ordinals: Uint32Array;
  /** Offset in the file of the first row's vector; the others follow. */
  vectorsAt: number;
}

/** The longest valid prefix of a segment. */
export interface SegmentPrefix {
  frames: FrameRows[];
  bytes: number;
  /** CRC-32 of those bytes. */
  crc: number;
}

/**
 * Reads a segment up to the first byte that is not a whole, sound frame of this task and epoch.
 *
 * @param limit bytes of the file to look at; those after it belong to nobody yet
 * @returns undefined if the header is not that of this task, shape and epoch
 * @throws errno errors of the reads
 */
export async function scanSegment(
  file: OpenFile,
  shape: SpoolShape,
  epoch: number,
  limit: number,
): Promise<SegmentPrefix | undefined> {
  const header = await readExactly(file, 0, HEADER_BYTES);
  if (header === undefined || !header.equals(encodeHeader(shape, epoch))) return undefined;
  const prefix: SegmentPrefix = { frames: [], bytes: HEADER_BYTES, crc: crc32(header) };
  for (;;) {
    const frame = await scanFrame(file, shape, epoch, prefix, limit);
    if (frame === undefined) return prefix;
    prefix.frames.push(frame.rows);
    prefix.bytes += frame.bytes;
    prefix.crc = frame.crc;
  }
}

interface ScannedFrame {
  rows: FrameRows;
  bytes: number;
  /** CRC-32 of the file up to the end of this frame. */
  crc: number;
}

async function scanFrame(
  file: OpenFile,
  shape: SpoolShape,
  epoch: number,
  before: SegmentPrefix,
  limit: number,
): Promise<ScannedFrame | undefined> {
  const start = before.bytes;
  const head = await readExactly(file, start, FRAME_HEAD_BYTES);
  const expected = head && decodeFrameHead(head, epoch, shape.rows);
  if (head === undefined || expected === undefined) return undefined;
  const { count } = expected;
  const end = start + frameBytes(count, shape.dim);
  if (end > limit) return undefined;

  const ordinalBytes = await readExactly(file, start + FRAME_HEAD_BYTES, 4 * count);
  const ordinals = ordinalBytes && decodeOrdinals(ordinalBytes, shape.rows);
  if (ordinalBytes === undefined || ordinals === undefined) return undefined;

  let crc = crc32(ordinalBytes, frameHeadCrc(head));
  let fileCrc = crc32(ordinalBytes, crc32(head, before.crc));
  const vectorsAt = start + vectorsOffset(count);
  for (let at = vectorsAt; at < end; at += READ_BYTES) {
    const piece = await readExactly(file, at, Math.min(READ_BYTES, end - at));
    if (piece === undefined) return undefined;
    crc = crc32(piece, crc);
    fileCrc = crc32(piece, fileCrc);
  }
  return crc === expected.crc ? { rows: { ordinals, vectorsAt }, bytes: end - start, crc: fileCrc } : undefined;
}

function decodeOrdinals(bytes: Buffer, rows: number): Uint32Array | undefined {
  const ordinals = new Uint32Array(bytes.length / 4);
  for (let index = 0; index < ordinals.length; index++) {
    const ordinal = bytes.readUInt32LE(4 * index);
    if (ordinal >= rows) return undefined;
    ordinals[index] = ordinal;
  }
  return ordinals;
}

/** @returns undefined if the file ends before */
async function readExactly(file: OpenFile, at: number, length: number): Promise<Buffer | undefined> {
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length;) {
    const got = await file.read(bytes.subarray(done), at + done);
    if (got === 0) return undefined;
    done += got;
  }
  return bytes;
}
