import { readBytes } from '../byte-source.ts';
import type { ByteSource } from '../byte-source.ts';
import { TorchFileError } from '../errors.ts';
import type { Archive, ArchiveRecord } from './archive.ts';
import { expectField, readU64 } from './field-error.ts';
import {
  CENTRAL_BYTES,
  CENTRAL_SIGNATURE,
  descriptorBytes,
  FLAGS_CONTENT,
  FLAGS_EMPTY,
  LOCAL_BYTES,
  MAX_U16,
  MAX_U32,
  ZIP64_EXTRA_ID,
} from './layout.ts';
import { assertKnownRecords } from './known-records.ts';
import { ParsedArchive } from './parsed-archive.ts';
import { readEnd } from './read-end.ts';

const CODE = 'BROKEN_DIRECTORY';

export interface NamePlace {
  /** Offset of the name in the bytes of the directory, and its length. */
  readonly nameAt: number;
  readonly nameBytes: number;
}

interface Entry extends NamePlace {
  readonly extraBytes: number;
  readonly headerOffset: number;
  readonly size: number;
  readonly crc: number;
}

interface RawDirectory {
  readonly bytes: Buffer;
  readonly view: DataView;
  /** Where it starts in the file. */
  readonly start: number;
}

/** The directory, and its raw bytes to compare local headers with. */
export interface ParsedDirectory {
  readonly archive: Archive;
  readonly bytes: Buffer;
  /** For each record, where in `bytes` its name is. */
  readonly entries: readonly NamePlace[];
}

/** Throws for the first field of an entry that has not its one canonical value. */
function checkEntry(bytes: Buffer, at: number, index: number, start: number): void {
  const place = `directory entry ${index}`;
  const absolute = start + at;
  const field = (name: string, offset: number, got: number, expected: number): void =>
    expectField(CODE, place, name, absolute + offset, got, expected);
  field('signature', 0, bytes.readUInt32LE(at), CENTRAL_SIGNATURE);
  assertTorchDialect(bytes, at, index, absolute);
  field('version made by', 4, bytes.readUInt16LE(at + 4), 0);
  field('version needed', 6, bytes.readUInt16LE(at + 6), 0);
  const stored = bytes.readUInt32LE(at + 24);
  field('flags', 8, bytes.readUInt16LE(at + 8), stored === 0 ? FLAGS_EMPTY : FLAGS_CONTENT);
  field('compression method', 10, bytes.readUInt16LE(at + 10), 0);
  field('time and date', 12, bytes.readUInt32LE(at + 12), 0);
  field('compressed size', 20, bytes.readUInt32LE(at + 20), stored);
  field('comment length', 32, bytes.readUInt16LE(at + 32), 0);
  field('disk', 34, bytes.readUInt16LE(at + 34), 0);
  field('internal attributes', 36, bytes.readUInt16LE(at + 36), 0);
  field('external attributes', 38, bytes.readUInt32LE(at + 38), 0);
}

/** The same fields, several at a time and without the messages: true for every entry of a sound file. */
function isCanonicalEntry(view: DataView, at: number): boolean {
  const stored = view.getUint32(at + 24, true);
  return (
    view.getUint32(at, true) === CENTRAL_SIGNATURE &&
    view.getUint32(at + 4, true) === 0 &&
    view.getUint32(at + 8, true) === (stored === 0 ? FLAGS_EMPTY : FLAGS_CONTENT) &&
    view.getUint32(at + 12, true) === 0 &&
    view.getUint32(at + 20, true) === stored &&
    view.getUint32(at + 32, true) === 0 &&
    view.getUint32(at + 36, true) === 0 &&
    view.getUint16(at + 40, true) === 0
  );
}

/** Reads the entry at `at` in the bytes of the directory, which starts at byte `start` of the file. */
function readEntry({ bytes, view, start }: RawDirectory, at: number, index: number): Entry {
  const left = bytes.length - at;
  if (left < CENTRAL_BYTES) {
    throw new TorchFileError(CODE, `directory entry ${index}: at offset ${start + at} only ${left} bytes are left`, {
      offset: start + at,
    });
  }
  if (!isCanonicalEntry(view, at)) checkEntry(bytes, at, index, start);
  const nameAt = at + CENTRAL_BYTES;
  const nameBytes = view.getUint16(at + 28, true);
  const extraBytes = view.getUint16(at + 30, true);
  if (left < CENTRAL_BYTES + nameBytes + extraBytes) {
    throw new TorchFileError(CODE, `directory entry ${index}: name and extra field do not fit into the directory`, {
      offset: start + at + 28,
    });
  }
  const crc = view.getUint32(at + 16, true);
  const size = view.getUint32(at + 24, true);
  if (size === 0) expectField(CODE, `directory entry ${index}`, 'CRC of no bytes', start + at + 16, crc, 0);
  const headerOffset = view.getUint32(at + 42, true);
  if (extraBytes === 0 && size !== MAX_U32 && headerOffset !== MAX_U32) {
    return { nameAt, nameBytes, extraBytes, crc, size, headerOffset };
  }
  const extra = bytes.subarray(nameAt + nameBytes, nameAt + nameBytes + extraBytes);
  const wide = readZip64Extra(extra, size, headerOffset, `directory entry ${index}`, start + nameAt + nameBytes);
  return { nameAt, nameBytes, extraBytes, crc, ...wide };
}

/**
 * A ZIP of another program is sound, but not laid out as torch does: say so instead of calling it broken. Two fields must
 * agree, so that one damaged byte cannot look like it.
 */
function assertTorchDialect(bytes: Buffer, at: number, index: number, absolute: number): void {
  const madeBy = bytes.readUInt16LE(at + 4);
  const needed = bytes.readUInt16LE(at + 6);
  if (index !== 0 || madeBy < OLDEST_ZIP_VERSION || needed < OLDEST_ZIP_VERSION) return;
  throw new TorchFileError(
    'FOREIGN_LAYOUT',
    `the ZIP was not written by torch.save (made by ${madeBy}, version needed ${needed}): ` +
      'load it with torch and save it again',
    { offset: absolute },
  );
}

/** 1.0, the version that other programs say for stored entries. */
const OLDEST_ZIP_VERSION = 10;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readName(bytes: Buffer, start: number, end: number, index: number): string {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte < 0x20 || byte >= 0x7f) return readUnusualName(bytes.subarray(start, end), index);
  }
  return bytes.toString('latin1', start, end);
}

function readUnusualName(name: Buffer, index: number): string {
  try {
    const text = decoder.decode(name);
    if (!/\p{Cc}/u.test(text)) return text;
  } catch {
    // Falls through to the error below: not UTF-8.
  }
  const shown = JSON.stringify(name.toString('latin1'));
  throw new TorchFileError(CODE, `directory entry ${index}: name ${shown} is not printable UTF-8`);
}

/** Extra field 0x0001 holds, in this order, the size twice and the offset, each only where its 32 bits are all ones. */
function readZip64Extra(
  extra: Buffer,
  size32: number,
  offset32: number,
  place: string,
  at: number,
): { size: number; headerOffset: number } {
  const wideSize = size32 === MAX_U32;
  const wideOffset = offset32 === MAX_U32;
  const expected = (wideSize ? 16 : 0) + (wideOffset ? 8 : 0);
  expectField(CODE, place, 'length of the extra field', at, extra.length, expected === 0 ? 0 : expected + 4);
  if (expected === 0) return { size: size32, headerOffset: offset32 };
  expectField(CODE, place, 'extra field id', at, extra.readUInt16LE(0), ZIP64_EXTRA_ID);
  expectField(CODE, place, 'length of the ZIP64 field', at + 2, extra.readUInt16LE(2), expected);
  const size = wideSize ? readU64(extra, 4, place, at + 4) : size32;
  if (wideSize) expectField(CODE, place, 'compressed size', at + 12, readU64(extra, 12, place, at + 12), size);
  const headerOffset = wideOffset ? readU64(extra, expected - 4, place, at + expected - 4) : offset32;
  if ((wideSize && size < MAX_U32) || (wideOffset && headerOffset < MAX_U32)) {
    throw new TorchFileError(CODE, `${place}: ZIP64 field at offset ${at} holds a value that needs none`, {
      offset: at,
    });
  }
  return { size, headerOffset };
}

function archivePrefix(fullName: string): string {
  const slash = fullName.indexOf('/');
  if (slash > 0) return fullName.slice(0, slash);
  throw new TorchFileError(CODE, `record ${JSON.stringify(fullName)} lies in no folder, which torch.save never writes`);
}

/** Name without the prefix; the prefix is compared as bytes. */
function recordName(bytes: Buffer, { nameAt, nameBytes }: Entry, folder: Buffer, index: number): string {
  const end = nameAt + nameBytes;
  if (nameBytes > folder.length && startsWith(bytes, nameAt, folder)) {
    return readName(bytes, nameAt + folder.length, end, index);
  }
  const shown = JSON.stringify(readName(bytes, nameAt, end, index));
  throw new TorchFileError(CODE, `record ${shown} is not in the folder ${JSON.stringify(folder.toString())}`);
}

/** Names are so short that a call of `compare` costs more. */
function startsWith(bytes: Buffer, at: number, expected: Buffer): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}

/** Places the content of each record from the offset of the next one: the order of the file is that of the directory. */
function toRecord(index: number, name: string, entry: Entry, end: number): ArchiveRecord {
  const { headerOffset, size, crc } = entry;
  const dataOffset = end - descriptorBytes(size, headerOffset) - size;
  assertGapless(name, headerOffset, dataOffset - headerOffset - LOCAL_BYTES - entry.nameBytes, end);
  return { index, name, headerOffset, dataOffset, size, crc, crcPresent: crc !== 0 || size === 0 };
}

function assertGapless(name: string, headerOffset: number, padding: number, end: number): void {
  if (padding >= 0 && padding <= MAX_U16) return;
  const [code, what] = padding < 0 ? (['OVERLAP', 'overlaps'] as const) : (['GAP', 'leaves a gap before'] as const);
  throw new TorchFileError(
    code,
    `record ${name} at offset ${headerOffset} ${what} what follows at offset ${end} by ${Math.abs(padding)} bytes`,
    { record: name, offset: headerOffset },
  );
}

/** Recognised before the entries are looked at: torch.jit.save compresses some of them. */
function assertNotTorchScript(directory: Buffer): void {
  if (!directory.includes('/constants.pkl') && !directory.includes('/code/__torch__')) return;
  throw new TorchFileError('TORCHSCRIPT', 'TorchScript archive (torch.jit.save), not a torch.save file');
}

/** @throws TorchFileError */
export function parseDirectory(source: ByteSource): ParsedDirectory {
  const place = readEnd(source);
  const bytes = readBytes(source, place.offset, place.bytes);
  assertNotTorchScript(bytes);
  const raw = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), start: place.offset };
  const entries: Entry[] = [];
  let at = 0;
  for (let index = 0; index < place.count; index++) {
    const entry = readEntry(raw, at, index);
    entries.push(entry);
    at = entry.nameAt + entry.nameBytes + entry.extraBytes;
  }
  expectField(CODE, 'directory', 'bytes after the last entry', place.offset + at, bytes.length - at, 0);
  const first = entries[0] as Entry;
  expectField('GAP', 'first record', 'offset of the local header', 0, first.headerOffset, 0);
  const prefix = archivePrefix(readName(bytes, first.nameAt, first.nameAt + first.nameBytes, 0));
  const folder = Buffer.from(`${prefix}/`);
  const records = entries.map((entry, index) => {
    const end = entries[index + 1]?.headerOffset ?? place.offset;
    return toRecord(index, recordName(bytes, entry, folder, index), entry, end);
  });
  return { archive: new ParsedArchive(prefix, records, place.offset, source.size), bytes, entries };
}

/**
 * Level `header`: size, end records and central directory only.
 *
 * @throws TorchFileError
 */
export function readDirectory(source: ByteSource): Archive {
  const { archive } = parseDirectory(source);
  assertKnownRecords(archive);
  return archive;
}
