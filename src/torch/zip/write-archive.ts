import { crc32 } from '../crc32.ts';
import {
  CENTRAL_BYTES,
  CENTRAL_SIGNATURE,
  descriptorBytes,
  DESCRIPTOR_SIGNATURE,
  END_BYTES,
  END_SIGNATURE,
  FLAGS_CONTENT,
  FLAGS_EMPTY,
  LOCAL_BYTES,
  LOCAL_SIGNATURE,
  LOCATOR_SIGNATURE,
  localZip64Bytes,
  MADE_BY,
  MAX_U16,
  MAX_U32,
  PADDING_BYTE,
  PADDING_EXTRA_ID,
  TAIL_BYTES,
  VERSION_NEEDED,
  ZIP64_END_BYTES,
  ZIP64_END_SIGNATURE,
  ZIP64_EXTRA_ID,
} from './layout.ts';
import { OutputBuffer } from './output-buffer.ts';
import type { ByteSink } from './output-buffer.ts';

/** torch's default `storage_alignment`. */
export const ALIGNMENT = 64;

/** A record that is complete, with the places that hold its CRC. */
export interface WrittenRecord {
  readonly name: string;
  readonly headerOffset: number;
  readonly dataOffset: number;
  readonly size: number;
  readonly crc: number;
}

interface OpenRecord {
  readonly name: string;
  readonly headerOffset: number;
  readonly dataOffset: number;
  /** Size that the local header was laid out for, undefined for a short record of unknown size. */
  readonly declared: number | undefined;
  size: number;
  crc: number;
}

/** More than any name of a record and the fixed parts around it: header, padding, descriptor, directory entry. */
const RECORD_OVERHEAD = 512;

/**
 * Writes the ZIP container as torch does, one record after the other, in one pass without seeking. Nothing waits but
 * {@link makeRoom} and {@link finish}: ten thousand small records are ten thousand times nothing.
 */
export class ArchiveWriter {
  readonly records: WrittenRecord[] = [];
  readonly #output: OutputBuffer;
  /** With the slash. */
  readonly #prefix: string;
  /** Kept free for what comes around the content. */
  readonly #reserve: number;
  #open: OpenRecord | undefined;

  /**
   * @param prefix ASCII
   * @throws RangeError if the prefix is too long for a ZIP
   */
  constructor(sink: ByteSink, prefix: string) {
    this.#prefix = `${prefix}/`;
    this.#reserve = RECORD_OVERHEAD + this.#prefix.length;
    if (this.#reserve > MAX_U16) throw new RangeError(`prefix of ${prefix.length} bytes is too long`);
    this.#output = new OutputBuffer(sink);
  }

  /** Bytes of the file so far. */
  get position(): number {
    return this.#output.position;
  }

  /** Whether {@link makeRoom} must be called, and awaited, before anything else. */
  get isFull(): boolean {
    return this.#room < this.#reserve;
  }

  /** @throws what the sink throws */
  makeRoom(): Promise<void> {
    return this.#output.flush();
  }

  /** @param size undefined if it is not known, and then neither 0 nor 4 GiB and more */
  begin(name: string, size: number | undefined): void {
    const headerOffset = this.position;
    const fullName = this.#prefix + name;
    const bytes = localHeaderBytes(fullName, size, headerOffset);
    writeLocalHeader(this.#output.take(bytes), fullName, size, headerOffset);
    this.#open = { name, headerOffset, dataOffset: headerOffset + bytes, declared: size, size: 0, crc: 0 };
  }

  /**
   * The next bytes of the content of the record that was begun: as many of `size` as there is room for, in multiples of
   * {@link ALIGNMENT} unless it is all of them, so that elements stay in one piece.
   *
   * @param read fills them
   * @returns how many; 0 when there is no room
   */
  content(size: number, read: (into: Buffer) => void): number {
    const record = this.#opened();
    const length = size <= this.#room ? size : this.#room - (this.#room % ALIGNMENT);
    const piece = this.#output.take(length);
    read(piece);
    record.crc = crc32(piece, record.crc);
    record.size += length;
    return length;
  }

  end(): WrittenRecord {
    const { name, headerOffset, dataOffset, declared, size, crc } = this.#opened();
    const isLaidOut = declared === undefined ? size > 0 && size < MAX_U32 : size === declared;
    if (!isLaidOut) throw new RangeError(`record ${name} has ${size} bytes, begun for ${declared ?? '1 to 2^32 - 2'}`);
    this.#open = undefined;
    const record = { name, headerOffset, dataOffset, size, crc };
    const bytes = descriptorBytes(size, headerOffset);
    if (bytes > 0) writeDescriptor(this.#output.take(bytes), record);
    this.records.push(record);
    return record;
  }

  /** Writes the directory and the end records. @returns where the directory starts */
  async finish(): Promise<number> {
    const start = this.position;
    for (const record of this.records) {
      if (this.isFull) await this.makeRoom();
      const fullName = this.#prefix + record.name;
      writeDirectoryEntry(this.#output.take(directoryEntryBytes(fullName, record)), fullName, record);
    }
    if (this.isFull) await this.makeRoom();
    const size = this.position - start;
    writeEndRecords(this.#output.take(TAIL_BYTES), this.records.length, start, size);
    await this.#output.finish();
    return start;
  }

  /** To be called at the end, whatever it was. */
  release(): Promise<void> {
    return this.#output.release();
  }

  get #room(): number {
    return Math.max(0, this.#output.free - this.#reserve);
  }

  #opened(): OpenRecord {
    if (this.#open === undefined) throw new Error('no record was begun');
    return this.#open;
  }
}

function u64(bytes: Buffer, value: number, at: number): void {
  bytes.writeBigUInt64LE(BigInt(value), at);
}

/** Padded with an extra field so that the content starts at a multiple of {@link ALIGNMENT}. */
function localHeaderBytes(fullName: string, size: number | undefined, offset: number): number {
  const unpadded = LOCAL_BYTES + fullName.length + localZip64Bytes(size ?? 1, offset) + 4;
  return Math.ceil((offset + unpadded) / ALIGNMENT) * ALIGNMENT - offset;
}

function writeLocalHeader(bytes: Buffer, fullName: string, size: number | undefined, offset: number): void {
  const wide = localZip64Bytes(size ?? 1, offset);
  const extraAt = LOCAL_BYTES + fullName.length;
  const paddingAt = extraAt + wide;
  bytes.fill(0, 0, LOCAL_BYTES);
  bytes.writeUInt32LE(LOCAL_SIGNATURE, 0);
  bytes.writeUInt16LE(size === 0 ? FLAGS_EMPTY : FLAGS_CONTENT, 6);
  bytes.writeUInt16LE(fullName.length, 26);
  bytes.writeUInt16LE(bytes.length - extraAt, 28);
  bytes.write(fullName, LOCAL_BYTES, 'latin1');
  if (wide > 0) {
    bytes.fill(0, extraAt, paddingAt);
    bytes.writeUInt16LE(ZIP64_EXTRA_ID, extraAt);
    bytes.writeUInt16LE(wide - 4, extraAt + 2);
    if (size !== undefined && size >= MAX_U32) u64(bytes, size, extraAt + 4);
    if (offset >= MAX_U32) u64(bytes, offset, paddingAt - 8);
  }
  bytes.writeUInt16LE(PADDING_EXTRA_ID, paddingAt);
  bytes.writeUInt16LE(bytes.length - paddingAt - 4, paddingAt + 2);
  bytes.fill(PADDING_BYTE, paddingAt + 4);
}

function writeDescriptor(bytes: Buffer, { size, crc }: WrittenRecord): void {
  bytes.writeUInt32LE(DESCRIPTOR_SIGNATURE, 0);
  bytes.writeUInt32LE(crc, 4);
  if (bytes.length === 24) {
    u64(bytes, size, 8);
    u64(bytes, size, 16);
  } else {
    bytes.writeUInt32LE(size, 8);
    bytes.writeUInt32LE(size, 12);
  }
}

/** Bytes of the fields of 64 bits that an entry needs. */
function wideFieldBytes({ size, headerOffset }: WrittenRecord): number {
  return (size >= MAX_U32 ? 16 : 0) + (headerOffset >= MAX_U32 ? 8 : 0);
}

function directoryEntryBytes(fullName: string, record: WrittenRecord): number {
  const fields = wideFieldBytes(record);
  return CENTRAL_BYTES + fullName.length + (fields === 0 ? 0 : fields + 4);
}

function writeDirectoryEntry(bytes: Buffer, fullName: string, record: WrittenRecord): void {
  const { size, crc, headerOffset } = record;
  const extraAt = CENTRAL_BYTES + fullName.length;
  bytes.fill(0, 0, CENTRAL_BYTES);
  bytes.writeUInt32LE(CENTRAL_SIGNATURE, 0);
  bytes.writeUInt16LE(size === 0 ? FLAGS_EMPTY : FLAGS_CONTENT, 8);
  bytes.writeUInt32LE(crc, 16);
  bytes.writeUInt32LE(Math.min(size, MAX_U32), 20);
  bytes.writeUInt32LE(Math.min(size, MAX_U32), 24);
  bytes.writeUInt16LE(fullName.length, 28);
  bytes.writeUInt16LE(bytes.length - extraAt, 30);
  bytes.writeUInt32LE(Math.min(headerOffset, MAX_U32), 42);
  bytes.write(fullName, CENTRAL_BYTES, 'latin1');
  const fields = wideFieldBytes(record);
  if (fields === 0) return;
  bytes.writeUInt16LE(ZIP64_EXTRA_ID, extraAt);
  bytes.writeUInt16LE(fields, extraAt + 2);
  if (size >= MAX_U32) {
    u64(bytes, size, extraAt + 4);
    u64(bytes, size, extraAt + 12);
  }
  if (headerOffset >= MAX_U32) u64(bytes, headerOffset, extraAt + fields - 4);
}

/** All three of them, always. */
function writeEndRecords(bytes: Buffer, count: number, start: number, size: number): void {
  bytes.fill(0);
  bytes.writeUInt32LE(ZIP64_END_SIGNATURE, 0);
  u64(bytes, ZIP64_END_BYTES - 12, 4);
  bytes.writeUInt16LE(MADE_BY, 12);
  bytes.writeUInt16LE(VERSION_NEEDED, 14);
  u64(bytes, count, 24);
  u64(bytes, count, 32);
  u64(bytes, size, 40);
  u64(bytes, start, 48);
  const locator = bytes.subarray(ZIP64_END_BYTES);
  locator.writeUInt32LE(LOCATOR_SIGNATURE, 0);
  u64(locator, start + size, 8);
  locator.writeUInt32LE(1, 16);
  const end = bytes.subarray(TAIL_BYTES - END_BYTES);
  end.writeUInt32LE(END_SIGNATURE, 0);
  end.writeUInt16LE(Math.min(count, MAX_U16), 8);
  end.writeUInt16LE(Math.min(count, MAX_U16), 10);
  end.writeUInt32LE(Math.min(size, MAX_U32), 12);
  end.writeUInt32LE(Math.min(start, MAX_U32), 16);
}

/** Places of the CRC of a record: in its descriptor, and in its directory entry, which starts at `entryOffset`. */
export function crcOffsets(record: WrittenRecord, entryOffset: number): readonly [number, number] {
  return [record.dataOffset + record.size + 4, entryOffset + 16];
}
