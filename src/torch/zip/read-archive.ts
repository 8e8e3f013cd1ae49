import type { ByteSource } from '../byte-source.ts';
import { TorchFileError } from '../errors.ts';
import { Window } from '../window.ts';
import type { Archive, ArchiveRecord } from './archive.ts';
import { expectField, readU64 } from './field-error.ts';
import {
  descriptorBytes,
  DESCRIPTOR_SIGNATURE,
  FLAGS_CONTENT,
  FLAGS_EMPTY,
  LOCAL_BYTES,
  LOCAL_SIGNATURE,
  localZip64Bytes,
  MAX_U32,
  PADDING_BYTE,
  PADDING_EXTRA_ID,
  ZIP64_EXTRA_ID,
} from './layout.ts';
import { assertKnownRecords } from './known-records.ts';
import { parseDirectory } from './read-directory.ts';
import type { NamePlace } from './read-directory.ts';

/**
 * Below this mean distance, reading straight through costs less than a system call for each header; above it, the content
 * of storages is left unread.
 */
const DENSE_RECORD_BYTES = 8 << 10;

const BUFFER_BYTES = 1 << 16;

/** Throws for the first field of the local header that has not its one canonical value. */
function checkLocalHeader(bytes: Buffer, record: ArchiveRecord, fullName: Buffer): void {
  const at = record.headerOffset;
  const flags = record.size === 0 ? FLAGS_EMPTY : FLAGS_CONTENT;
  const field = (name: string, offset: number, got: number, expected: number): void =>
    expectField('BROKEN_LOCAL_HEADER', `record ${record.name}: local header`, name, at + offset, got, expected);
  field('signature', 0, bytes.readUInt32LE(0), LOCAL_SIGNATURE);
  field('version needed', 4, bytes.readUInt16LE(4), 0);
  field('flags', 6, bytes.readUInt16LE(6), flags);
  field('method', 8, bytes.readUInt16LE(8), 0);
  field('time', 10, bytes.readUInt16LE(10), 0);
  field('date', 12, bytes.readUInt16LE(12), 0);
  field('CRC', 14, bytes.readUInt32LE(14), 0);
  field('compressed size', 18, bytes.readUInt32LE(18), 0);
  field('size', 22, bytes.readUInt32LE(22), 0);
  field('length of the name', 26, bytes.readUInt16LE(26), fullName.length);
  const extraAt = LOCAL_BYTES + fullName.length;
  field('length of the extra field', 28, bytes.readUInt16LE(28), bytes.length - extraAt);
  if (bytes.compare(fullName, 0, fullName.length, LOCAL_BYTES, extraAt) !== 0) {
    const got = bytes.subarray(LOCAL_BYTES, extraAt).toString();
    throw new TorchFileError(
      'LOCAL_CENTRAL_MISMATCH',
      `record ${record.name}: local header at offset ${at} has the name ${JSON.stringify(got)}, ` +
        `the directory ${JSON.stringify(fullName.toString())}`,
      { record: record.name, offset: at + LOCAL_BYTES },
    );
  }
  checkLocalExtra(bytes.subarray(extraAt), record, at + extraAt);
}

/** Extra field of the local header: ZIP64 where needed, then padding up to the alignment. */
function checkLocalExtra(extra: Buffer, record: ArchiveRecord, at: number): void {
  const place = `record ${record.name}: extra field of the local header`;
  const field = (name: string, offset: number, got: number, expected: number): void =>
    expectField('BROKEN_LOCAL_HEADER', place, name, at + offset, got, expected);
  const wide = localZip64Bytes(record.size, record.headerOffset);
  if (extra.length < wide + 4) {
    throw new TorchFileError(
      'BROKEN_LOCAL_HEADER',
      `${place} has ${extra.length} bytes, expected at least ${wide + 4}`,
      {
        record: record.name,
        offset: at,
      },
    );
  }
  if (wide > 0) checkLocalZip64(extra, record, wide, field);
  field('padding id', wide, extra.readUInt16LE(wide), PADDING_EXTRA_ID);
  field('length of the padding', wide + 2, extra.readUInt16LE(wide + 2), extra.length - wide - 4);
  for (let i = wide + 4; i < extra.length; i++) {
    if (extra[i] !== PADDING_BYTE) field('padding', i, extra[i] as number, PADDING_BYTE);
  }
}

type FieldCheck = (name: string, offset: number, got: number, expected: number) => void;

/**
 * `01 00`, length, then size and a compressed size of 0 if the size needs 64 bits, then the offset if that does. The
 * offset has no place in a local header, but torch writes it.
 */
function checkLocalZip64(extra: Buffer, record: ArchiveRecord, wide: number, field: FieldCheck): void {
  const u64 = (at: number): number => readU64(extra, at, `record ${record.name}: ZIP64 field`, at);
  field('ZIP64 id', 0, extra.readUInt16LE(0), ZIP64_EXTRA_ID);
  field('length of the ZIP64 field', 2, extra.readUInt16LE(2), wide - 4);
  if (record.size >= MAX_U32) {
    field('ZIP64 size', 4, u64(4), record.size);
    field('ZIP64 compressed size', 12, u64(12), 0);
  }
  if (record.headerOffset >= MAX_U32) field('ZIP64 offset', wide - 8, u64(wide - 8), record.headerOffset);
}

/** Data descriptor behind the content: repeats CRC and sizes of the directory. */
function checkDescriptor(bytes: Buffer, record: ArchiveRecord, at: number): void {
  const place = `record ${record.name}: data descriptor`;
  const field = (name: string, offset: number, got: number, expected: number): void =>
    expectField('LOCAL_CENTRAL_MISMATCH', place, name, at + offset, got, expected);
  field('signature', 0, bytes.readUInt32LE(0), DESCRIPTOR_SIGNATURE);
  field('CRC', 4, bytes.readUInt32LE(4), record.crc);
  const wide = bytes.length === 24;
  const read = (offset: number): number =>
    wide ? readU64(bytes, offset, place, at + offset) : bytes.readUInt32LE(offset);
  field('compressed size', 8, read(8), record.size);
  field('size', wide ? 16 : 12, read(wide ? 16 : 12), record.size);
}

/**
 * The same checks for a header without ZIP64 field, several fields at a time: true for nearly every record of a sound file.
 *
 * @param at where in the window the header starts
 * @param length up to the content
 */
function isPlainLocalHeader(window: Window, at: number, length: number, record: ArchiveRecord, name: Name): boolean {
  const { data } = window;
  const extraAt = at + LOCAL_BYTES + name.length;
  const padding = length - LOCAL_BYTES - name.length - 4;
  return (
    padding >= 0 &&
    localZip64Bytes(record.size, record.headerOffset) === 0 &&
    data.getUint32(at, true) === LOCAL_SIGNATURE &&
    data.getUint16(at + 4, true) === 0 &&
    data.getUint16(at + 6, true) === (record.size === 0 ? FLAGS_EMPTY : FLAGS_CONTENT) &&
    data.getUint32(at + 8, true) === 0 &&
    data.getUint32(at + 12, true) === 0 &&
    data.getUint32(at + 16, true) === 0 &&
    data.getUint32(at + 20, true) === 0 &&
    data.getUint16(at + 24, true) === 0 &&
    data.getUint16(at + 26, true) === name.length &&
    data.getUint16(at + 28, true) === padding + 4 &&
    data.getUint16(extraAt, true) === PADDING_EXTRA_ID &&
    data.getUint16(extraAt + 2, true) === padding &&
    isPadding(window.buffer, extraAt + 4, at + length) &&
    hasName(window.buffer, at + LOCAL_BYTES, name)
  );
}

/** A full name in the bytes of the directory. */
interface Name {
  readonly bytes: Buffer;
  readonly at: number;
  readonly length: number;
}

/** Names are so short that a call of `compare` costs more. */
function hasName(bytes: Buffer, at: number, name: Name): boolean {
  for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name.bytes[name.at + i]) return false;
  return true;
}

function isPadding(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== PADDING_BYTE) return false;
  return true;
}

function isPlainDescriptor({ data }: Window, at: number, length: number, record: ArchiveRecord): boolean {
  return (
    length === 16 &&
    data.getUint32(at, true) === DESCRIPTOR_SIGNATURE &&
    data.getUint32(at + 4, true) === record.crc &&
    data.getUint32(at + 8, true) === record.size &&
    data.getUint32(at + 12, true) === record.size
  );
}

/**
 * The directory, and every local header and data descriptor checked against it: records, directory and end records cover
 * the file exactly once. CRCs are not computed here.
 *
 * @param buffer what to read through
 * @throws TorchFileError
 */
export function readArchive(source: ByteSource, buffer: Buffer = Buffer.allocUnsafe(BUFFER_BYTES)): Archive {
  const { archive, bytes, entries } = parseDirectory(source);
  const dense = archive.directoryOffset / archive.records.length < DENSE_RECORD_BYTES;
  const window = new Window(source, buffer, dense ? buffer.length : 0);
  let start = 0;
  let previous: ArchiveRecord | undefined;
  // The descriptor of one record and the header of the next are neighbours: one look at both.
  for (const [index, record] of archive.records.entries()) {
    const at = window.locate(start, record.dataOffset - start);
    const descriptorLength = record.headerOffset - start;
    if (previous !== undefined) verifyDescriptor(window, at, descriptorLength, previous);
    const { nameAt, nameBytes } = entries[index] as NamePlace;
    const headerAt = at + descriptorLength;
    const length = record.dataOffset - record.headerOffset;
    if (!isPlainLocalHeader(window, headerAt, length, record, { bytes, at: nameAt, length: nameBytes })) {
      const header = window.buffer.subarray(headerAt, headerAt + length);
      checkLocalHeader(header, record, bytes.subarray(nameAt, nameAt + nameBytes));
    }
    start = record.dataOffset + record.size;
    previous = record;
  }
  if (previous !== undefined) {
    const length = descriptorBytes(previous.size, previous.headerOffset);
    verifyDescriptor(window, window.locate(start, length), length, previous);
  }
  // Last, because a damaged name is damage, and only one on which directory and header agree is foreign.
  assertKnownRecords(archive);
  return archive;
}

function verifyDescriptor(window: Window, at: number, length: number, record: ArchiveRecord): void {
  if (length === 0 || isPlainDescriptor(window, at, length, record)) return;
  checkDescriptor(window.buffer.subarray(at, at + length), record, record.dataOffset + record.size);
}
