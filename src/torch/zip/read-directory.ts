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
import { readEnd } from './read-end.ts';

const CODE = 'BROKEN_DIRECTORY';

interface Entry {
  readonly fullName: string;
  readonly headerOffset: number;
  readonly size: number;
  readonly crc: number;
}

/** Reads entries one after the other from the bytes of the central directory. */
class DirectoryCursor {
  readonly #bytes: Buffer;
  readonly #start: number;
  #at = 0;

  constructor(bytes: Buffer, start: number) {
    this.#bytes = bytes;
    this.#start = start;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  next(index: number): Entry {
    const bytes = this.#bytes;
    const at = this.#at;
    const place = `directory entry ${index}`;
    const absolute = this.#start + at;
    if (this.left < CENTRAL_BYTES) {
      throw new TorchFileError(CODE, `${place}: at offset ${absolute} only ${this.left} bytes are left`);
    }
    const field = (name: string, offset: number, got: number, expected: number): void =>
      expectField(CODE, place, name, absolute + offset, got, expected);
    field('signature', 0, bytes.readUInt32LE(at), CENTRAL_SIGNATURE);
    assertTorchDialect(bytes.readUInt16LE(at + 6), bytes.readUInt16LE(at + 10), index, absolute);
    field('version made by', 4, bytes.readUInt16LE(at + 4), 0);
    field('version needed', 6, bytes.readUInt16LE(at + 6), 0);
    const stored = bytes.readUInt32LE(at + 24);
    field('flags', 8, bytes.readUInt16LE(at + 8), stored === 0 ? FLAGS_EMPTY : FLAGS_CONTENT);
    field('compression method', 10, bytes.readUInt16LE(at + 10), 0);
    field('time and date', 12, bytes.readUInt32LE(at + 12), 0);
    field('compressed size', 20, bytes.readUInt32LE(at + 20), stored);
    const nameBytes = bytes.readUInt16LE(at + 28);
    const extraBytes = bytes.readUInt16LE(at + 30);
    field('comment length', 32, bytes.readUInt16LE(at + 32), 0);
    field('disk', 34, bytes.readUInt16LE(at + 34), 0);
    field('internal attributes', 36, bytes.readUInt16LE(at + 36), 0);
    field('external attributes', 38, bytes.readUInt32LE(at + 38), 0);
    if (this.left < CENTRAL_BYTES + nameBytes + extraBytes) {
      throw new TorchFileError(CODE, `${place}: name and extra field do not fit into the directory`, {
        offset: absolute + 28,
      });
    }
    const nameAt = at + CENTRAL_BYTES;
    const extra = bytes.subarray(nameAt + nameBytes, nameAt + nameBytes + extraBytes);
    this.#at = nameAt + nameBytes + extraBytes;
    const wide = readZip64Extra(
      extra,
      stored,
      bytes.readUInt32LE(at + 42),
      place,
      absolute + CENTRAL_BYTES + nameBytes,
    );
    return { fullName: readName(bytes, nameAt, nameBytes, place), crc: bytes.readUInt32LE(at + 16), ...wide };
  }
}

/** A ZIP of another program is sound, but not laid out as torch does: say so instead of calling it broken. */
function assertTorchDialect(versionNeeded: number, method: number, index: number, offset: number): void {
  if (index !== 0 || (versionNeeded < 10 && method !== 8)) return;
  throw new TorchFileError(
    'FOREIGN_LAYOUT',
    `the ZIP was not written by torch.save (version needed ${versionNeeded}, method ${method}): ` +
      'load it with torch and save it again',
    { offset },
  );
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readName(bytes: Buffer, at: number, length: number, place: string): string {
  for (let i = at; i < at + length; i++) {
    const byte = bytes[i] as number;
    if (byte < 0x20 || byte >= 0x7f) return readUnusualName(bytes.subarray(at, at + length), place);
  }
  return bytes.toString('latin1', at, at + length);
}

function readUnusualName(name: Buffer, place: string): string {
  try {
    const text = decoder.decode(name);
    // oxlint-disable-next-line no-control-regex
    if (!/[\u0000-\u001f\u007f]/.test(text)) return text;
  } catch {
    // Falls through to the error below: not UTF-8.
  }
  throw new TorchFileError(CODE, `${place}: name ${JSON.stringify(name.toString('latin1'))} is not printable UTF-8`);
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

function archivePrefix(first: Entry): string {
  const slash = first.fullName.indexOf('/');
  if (slash > 0) return first.fullName.slice(0, slash);
  throw new TorchFileError(
    'FOREIGN_LAYOUT',
    `record ${JSON.stringify(first.fullName)} lies in no folder, which torch.save never writes`,
  );
}

function recordName(entry: Entry, prefix: string): string {
  const { fullName } = entry;
  if (fullName.startsWith(prefix) && fullName[prefix.length] === '/' && fullName.length > prefix.length + 1) {
    return fullName.slice(prefix.length + 1);
  }
  throw new TorchFileError(CODE, `record ${JSON.stringify(fullName)} is not in the folder ${JSON.stringify(prefix)}`);
}

/** Places the content of each record from the offset of the next one: the order of the file is that of the directory. */
function toRecords(entries: readonly Entry[], prefix: string, directoryOffset: number): ArchiveRecord[] {
  return entries.map((entry, index) => {
    const name = recordName(entry, prefix);
    const { headerOffset, size, crc } = entry;
    const end = entries[index + 1]?.headerOffset ?? directoryOffset;
    const dataOffset = end - descriptorBytes(size, headerOffset) - size;
    const least = headerOffset + LOCAL_BYTES + Buffer.byteLength(entry.fullName);
    assertGapless(name, headerOffset, dataOffset - least, end);
    return { name, headerOffset, dataOffset, size, crc, crcPresent: crc !== 0 || size === 0 };
  });
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

function indexByName(records: readonly ArchiveRecord[]): Map<string, ArchiveRecord> {
  const byName = new Map<string, ArchiveRecord>();
  const folded = new Set<string>();
  for (const record of records) {
    const { name } = record;
    const duplicate = byName.has(name) || (!name.startsWith('data/') && folded.has(name.toLowerCase()));
    if (duplicate) {
      throw new TorchFileError('DUPLICATE_RECORD', `record ${name} at offset ${record.headerOffset} exists twice`, {
        record: name,
        offset: record.headerOffset,
      });
    }
    byName.set(name, record);
    if (!name.startsWith('data/')) folded.add(name.toLowerCase());
  }
  return byName;
}

/**
 * Level `header`: size, end records and central directory only.
 *
 * @throws TorchFileError
 */
export function readDirectory(source: ByteSource): Archive {
  const place = readEnd(source);
  const cursor = new DirectoryCursor(readBytes(source, place.offset, place.bytes), place.offset);
  const entries = Array.from({ length: place.count }, (_, index) => cursor.next(index));
  expectField(
    CODE,
    'directory',
    'bytes after the last entry',
    place.offset + place.bytes - cursor.left,
    cursor.left,
    0,
  );
  const first = entries[0] as Entry;
  expectField('GAP', `record ${first.fullName}`, 'offset of the first record', 0, first.headerOffset, 0);
  const prefix = archivePrefix(first);
  const records = toRecords(entries, prefix, place.offset);
  assertKnownRecords(records);
  return { prefix, records, byName: indexByName(records), directoryOffset: place.offset, size: source.size };
}

/** Storage keys are numbers: addresses in torch 1.6, counted from 0 since. Never a path. */
export const STORAGE_RECORD = /^data\/[0-9]{1,20}$/;

const KNOWN_RECORDS = new Set([
  'data.pkl',
  'version',
  'byteorder',
  '.format_version',
  '.storage_alignment',
  '.data/serialization_id',
]);

function assertKnownRecords(records: readonly ArchiveRecord[]): void {
  const script = records.find(({ name }) => name === 'constants.pkl' || name.startsWith('code/'));
  if (script !== undefined) {
    throw new TorchFileError('TORCHSCRIPT', 'TorchScript archive (torch.jit.save), not a torch.save file', {
      record: script.name,
    });
  }
  for (const { name, headerOffset } of records) {
    if (KNOWN_RECORDS.has(name) || STORAGE_RECORD.test(name)) continue;
    throw new TorchFileError('UNEXPECTED_RECORD', `record ${JSON.stringify(name)} is none that torch.save writes`, {
      record: name,
      offset: headerOffset,
    });
  }
}
