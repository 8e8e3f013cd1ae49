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

/** Where the file goes, in order, each call awaited before the next; `bytes` is only valid until it resolves. */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<void> | void;
}

/** torch's default `storage_alignment`. */
export const ALIGNMENT = 64;

/** Bytes that are collected before the sink is called. */
export const BUFFER_BYTES = 1 << 20;

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

/** Writes the ZIP container as torch does, one record after the other, in one pass without seeking. */
export class ArchiveWriter {
  readonly records: WrittenRecord[] = [];
  readonly #sink: ByteSink;
  readonly #prefix: string;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #used = 0;
  #flushed = 0;
  #open: OpenRecord | undefined;

  constructor(sink: ByteSink, prefix: string) {
    this.#sink = sink;
    this.#prefix = prefix;
  }

  /** Bytes of the file so far. */
  get position(): number {
    return this.#flushed + this.#used;
  }

  fullName(name: string): Buffer {
    return Buffer.from(`${this.#prefix}/${name}`);
  }

  /** @param size undefined if it is not known, and then neither 0 nor 4 GiB and more */
  async begin(name: string, size: number | undefined): Promise<void> {
    const headerOffset = this.position;
    const header = localHeader(this.fullName(name), size, headerOffset);
    const dataOffset = headerOffset + header.length;
    await this.#append(header);
    this.#open = { name, headerOffset, dataOffset, declared: size, size: 0, crc: 0 };
  }

  /** Content of the record that was begun. */
  async content(bytes: Buffer): Promise<void> {
    const record = this.#opened();
    record.crc = crc32(bytes, record.crc);
    record.size += bytes.length;
    await this.#append(bytes);
  }

  /**
   * Content that is produced in place, without a copy.
   *
   * @param read fills the bytes from `offset` of the record on
   */
  async contentFrom(size: number, read: (offset: number, into: Uint8Array) => void): Promise<void> {
    const record = this.#opened();
    for (let done = 0; done < size;) {
      // Whole multiples of the alignment keep elements in one piece.
      const free = Math.floor((BUFFER_BYTES - this.#used) / ALIGNMENT) * ALIGNMENT;
      const length = Math.min(free, size - done);
      if (length === 0) {
        await this.#flush();
        continue;
      }
      const chunk = this.#buffer.subarray(this.#used, this.#used + length);
      read(done, chunk);
      record.crc = crc32(chunk, record.crc);
      record.size += length;
      this.#used += length;
      done += length;
    }
  }

  async end(): Promise<WrittenRecord> {
    const { name, headerOffset, dataOffset, declared, size, crc } = this.#opened();
    const isLaidOut = declared === undefined ? size > 0 && size < MAX_U32 : size === declared;
    if (!isLaidOut) throw new RangeError(`record ${name} has ${size} bytes, begun for ${declared ?? '1 to 2^32 - 2'}`);
    this.#open = undefined;
    const record = { name, headerOffset, dataOffset, size, crc };
    await this.#append(dataDescriptor(record));
    this.records.push(record);
    return record;
  }

  async record(name: string, content: string): Promise<WrittenRecord> {
    const bytes = Buffer.from(content, 'latin1');
    await this.begin(name, bytes.length);
    await this.content(bytes);
    return this.end();
  }

  /** Writes the directory and the end records. @returns where the directory starts */
  async finish(): Promise<number> {
    const start = this.position;
    for (const record of this.records) await this.#append(directoryEntry(this.fullName(record.name), record));
    await this.#append(endRecords(this.records.length, start, this.position - start));
    await this.#flush();
    return start;
  }

  #opened(): OpenRecord {
    if (this.#open === undefined) throw new Error('no record was begun');
    return this.#open;
  }

  async #append(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      if (this.#used === BUFFER_BYTES) await this.#flush();
      const copied = bytes.copy(this.#buffer, this.#used, done);
      this.#used += copied;
      done += copied;
    }
  }

  async #flush(): Promise<void> {
    if (this.#used === 0) return;
    await this.#sink.write(this.#buffer.subarray(0, this.#used));
    this.#flushed += this.#used;
    this.#used = 0;
  }
}

function u64(bytes: Buffer, value: number, at: number): void {
  bytes.writeBigUInt64LE(BigInt(value), at);
}

/** Padded with an extra field so that the content starts at a multiple of {@link ALIGNMENT}. */
function localHeader(fullName: Buffer, size: number | undefined, offset: number): Buffer {
  const wide = localZip64Bytes(size ?? 1, offset);
  const unpadded = LOCAL_BYTES + fullName.length + wide + 4;
  const padding = (ALIGNMENT - ((offset + unpadded) % ALIGNMENT)) % ALIGNMENT;
  const bytes = Buffer.alloc(unpadded + padding);
  bytes.writeUInt32LE(LOCAL_SIGNATURE, 0);
  bytes.writeUInt16LE(size === 0 ? FLAGS_EMPTY : FLAGS_CONTENT, 6);
  bytes.writeUInt16LE(fullName.length, 26);
  bytes.writeUInt16LE(wide + 4 + padding, 28);
  fullName.copy(bytes, LOCAL_BYTES);
  const extra = bytes.subarray(LOCAL_BYTES + fullName.length);
  if (wide > 0) {
    extra.writeUInt16LE(ZIP64_EXTRA_ID, 0);
    extra.writeUInt16LE(wide - 4, 2);
    if (size !== undefined && size >= MAX_U32) u64(extra, size, 4);
    if (offset >= MAX_U32) u64(extra, offset, wide - 8);
  }
  extra.writeUInt16LE(PADDING_EXTRA_ID, wide);
  extra.writeUInt16LE(padding, wide + 2);
  extra.fill(PADDING_BYTE, wide + 4);
  return bytes;
}

function dataDescriptor({ size, crc, headerOffset }: WrittenRecord): Buffer {
  const bytes = Buffer.alloc(descriptorBytes(size, headerOffset));
  if (bytes.length === 0) return bytes;
  bytes.writeUInt32LE(DESCRIPTOR_SIGNATURE, 0);
  bytes.writeUInt32LE(crc, 4);
  if (bytes.length === 24) {
    u64(bytes, size, 8);
    u64(bytes, size, 16);
  } else {
    bytes.writeUInt32LE(size, 8);
    bytes.writeUInt32LE(size, 12);
  }
  return bytes;
}

function directoryEntry(fullName: Buffer, { size, crc, headerOffset }: WrittenRecord): Buffer {
  const wideSize = size >= MAX_U32;
  const wideOffset = headerOffset >= MAX_U32;
  const fields = (wideSize ? 16 : 0) + (wideOffset ? 8 : 0);
  const extraBytes = fields === 0 ? 0 : fields + 4;
  const bytes = Buffer.alloc(CENTRAL_BYTES + fullName.length + extraBytes);
  bytes.writeUInt32LE(CENTRAL_SIGNATURE, 0);
  bytes.writeUInt16LE(size === 0 ? FLAGS_EMPTY : FLAGS_CONTENT, 8);
  bytes.writeUInt32LE(crc, 16);
  bytes.writeUInt32LE(Math.min(size, MAX_U32), 20);
  bytes.writeUInt32LE(Math.min(size, MAX_U32), 24);
  bytes.writeUInt16LE(fullName.length, 28);
  bytes.writeUInt16LE(extraBytes, 30);
  bytes.writeUInt32LE(Math.min(headerOffset, MAX_U32), 42);
  fullName.copy(bytes, CENTRAL_BYTES);
  if (extraBytes === 0) return bytes;
  const extra = bytes.subarray(CENTRAL_BYTES + fullName.length);
  extra.writeUInt16LE(ZIP64_EXTRA_ID, 0);
  extra.writeUInt16LE(fields, 2);
  if (wideSize) {
    u64(extra, size, 4);
    u64(extra, size, 12);
  }
  if (wideOffset) u64(extra, headerOffset, fields - 4);
  return bytes;
}

/** All three of them, always. */
function endRecords(count: number, start: number, size: number): Buffer {
  const bytes = Buffer.alloc(TAIL_BYTES);
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
  return bytes;
}

/** Places of the CRC of a record: in its descriptor, and in its directory entry, which starts at `entryOffset`. */
export function crcOffsets(record: WrittenRecord, entryOffset: number): readonly [number, number] {
  return [record.dataOffset + record.size + 4, entryOffset + 16];
}
