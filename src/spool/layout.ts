import { createHash } from 'node:crypto';
import { endianness } from 'node:os';
import { crc32 } from 'node:zlib';
import type { SpoolShape } from './types.ts';

/*
 * A segment is one header and any number of frames. All numbers are unsigned 32-bit little-endian, vectors float32
 * little-endian; every offset is a multiple of 4.
 *
 *   header (64 bytes)
 *     0   8  magic "VNPSPOOL"
 *     8   4  layout version, 1
 *    12   4  float32 values per row (dim)
 *    16   4  rows that the task needs
 *    20   4  epoch of the writer
 *    24  32  SHA-256 of the task digest's text
 *    56   4  zero
 *    60   4  CRC-32 of bytes 0..59
 *
 *   frame (16 + 4 × count × (1 + dim) bytes): one batch of rows
 *     0   4  magic "VNPF"
 *     4   4  epoch of the writer
 *     8   4  count of rows, at least 1
 *    12   4  CRC-32 of all other bytes of the frame
 *    16   4 × count        ordinals
 *     …   4 × count × dim  vectors, in the order of the ordinals
 *
 * The CRC of a frame stands before its rows: behind them, it would cancel them out of the CRC of the whole segment (the
 * CRC of any message followed by its own CRC is the same), and two segments of one length could not be told apart.
 */

export const HEADER_BYTES = 64;
/** Magic, epoch, count and CRC. */
export const FRAME_HEAD_BYTES = 16;
const FRAME_CRC_AT = 12;

const LAYOUT_VERSION = 1;
const SEGMENT_MAGIC = Buffer.from('VNPSPOOL', 'latin1');
const FRAME_MAGIC = Buffer.from('VNPF', 'latin1').readUInt32LE(0);
const LITTLE_ENDIAN = endianness() === 'LE';

/** Bytes of a frame of `count` rows. */
export function frameBytes(count: number, dim: number): number {
  return FRAME_HEAD_BYTES + 4 * count * (1 + dim);
}

/** Offset of the first vector in a frame of `count` rows. */
export function vectorsOffset(count: number): number {
  return FRAME_HEAD_BYTES + 4 * count;
}

export function encodeHeader(shape: SpoolShape, epoch: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  SEGMENT_MAGIC.copy(header, 0);
  header.writeUInt32LE(LAYOUT_VERSION, 8);
  header.writeUInt32LE(shape.dim, 12);
  header.writeUInt32LE(shape.rows, 16);
  header.writeUInt32LE(epoch, 20);
  createHash('sha256').update(shape.taskDigest).digest().copy(header, 24);
  header.writeUInt32LE(crc32(header.subarray(0, 60)), 60);
  return header;
}

/** @returns a frame; `vectors` holds `ordinals.length × dim` values */
export function encodeFrame(epoch: number, ordinals: ArrayLike<number>, vectors: Float32Array, dim: number): Buffer {
  const count = ordinals.length;
  const frame = Buffer.allocUnsafe(frameBytes(count, dim));
  frame.writeUInt32LE(FRAME_MAGIC, 0);
  frame.writeUInt32LE(epoch, 4);
  frame.writeUInt32LE(count, 8);
  for (let index = 0; index < count; index++) {
    frame.writeUInt32LE(ordinals[index] as number, FRAME_HEAD_BYTES + 4 * index);
  }
  const values = frame.subarray(vectorsOffset(count));
  values.set(new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength));
  swapOnBigEndian(values);
  frame.writeUInt32LE(crc32(frame.subarray(FRAME_HEAD_BYTES), frameHeadCrc(frame)), FRAME_CRC_AT);
  return frame;
}

/** CRC-32 of a frame's head, the field of the CRC itself left out: the rest of the frame continues it. */
export function frameHeadCrc(head: Buffer): number {
  return crc32(head.subarray(0, FRAME_CRC_AT));
}

/**
 * Reads a frame's head.
 *
 * @returns the count of rows and the CRC-32; undefined if this is no frame of that epoch, or one with more rows than the
 *   task has
 */
export function decodeFrameHead(head: Buffer, epoch: number, rows: number): { count: number; crc: number } | undefined {
  if (head.readUInt32LE(0) !== FRAME_MAGIC || head.readUInt32LE(4) !== epoch) return undefined;
  const count = head.readUInt32LE(8);
  return count >= 1 && count <= rows ? { count, crc: head.readUInt32LE(FRAME_CRC_AT) } : undefined;
}

/** Turns little-endian 32-bit values in place into the machine's order, or back. */
export function swapOnBigEndian(bytes: Buffer): void {
  if (!LITTLE_ENDIAN) bytes.swap32();
}
