import type { ByteSource } from '../byte-source.ts';
import { TorchFileError } from '../errors.ts';
import { Window, WINDOW_BYTES } from '../window.ts';
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
import { readDirectory } from './read-directory.ts';

/**
 * Below this mean distance, reading straight through is faster than jumping from header to header, warm or cold: the
 * kernel would read these pages ahead anyway.
 */
const DENSE_RECORD_BYTES = 64 << 10;

/** Local header: every field is fixed, sizes and CRC come after the content. */
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
 * The directory, and every local header and data descriptor checked against it: records, directory and end records cover
 * the file exactly once. CRCs are not computed here.
 *
 * @throws TorchFileError
 */
export function readArchive(source: ByteSource): Archive {
  const archive = readDirectory(source);
  const dense = archive.directoryOffset / archive.records.length < DENSE_RECORD_BYTES;
  const window = new Window(source, dense ? WINDOW_BYTES : 0);
  let metaStart = 0;
  let previous: ArchiveRecord | undefined;
  // The descriptor of one record and the header of the next are neighbours: one look at both.
  for (const record of archive.records) {
    const meta = window.view(metaStart, record.dataOffset - metaStart);
    const descriptor = record.headerOffset - metaStart;
    if (previous !== undefined && descriptor > 0) checkDescriptor(meta.subarray(0, descriptor), previous, metaStart);
    checkLocalHeader(meta.subarray(descriptor), record, Buffer.from(`${archive.prefix}/${record.name}`));
    metaStart = record.dataOffset + record.size;
    previous = record;
  }
  if (previous === undefined) return archive;
  const last = descriptorBytes(previous.size, previous.headerOffset);
  if (last > 0) checkDescriptor(window.view(metaStart, last), previous, metaStart);
  return archive;
}
