import { readBytes } from '../byte-source.ts';
import type { ByteSource } from '../byte-source.ts';
import { TorchFileError } from '../errors.ts';
import { MAX_DIRECTORY_BYTES, MAX_RECORDS } from '../limits.ts';
import { expectField, readU64 } from './field-error.ts';
import { foreignFormatError } from './foreign-format.ts';
import {
  CENTRAL_BYTES,
  END_BYTES,
  END_SIGNATURE,
  LOCAL_SIGNATURE,
  LOCATOR_BYTES,
  LOCATOR_SIGNATURE,
  MADE_BY,
  MAX_U16,
  MAX_U32,
  TAIL_BYTES,
  VERSION_NEEDED,
  ZIP64_END_BYTES,
  ZIP64_END_SIGNATURE,
} from './layout.ts';

export interface DirectoryPlace {
  readonly count: number;
  readonly offset: number;
  readonly bytes: number;
}

const CODE = 'BROKEN_DIRECTORY';

/** How far back an end record is looked for, only to say how many bytes follow it. */
const SEARCH_BYTES = 1 << 16;

function noEndRecord(source: ByteSource): TorchFileError {
  const bytes = Math.min(source.size, SEARCH_BYTES);
  const from = source.size - bytes;
  const found = readBytes(source, from, bytes).lastIndexOf('PK\u0005\u0006', undefined, 'latin1');
  const expected = source.size - END_BYTES;
  if (found === -1) {
    return new TorchFileError(
      'TRUNCATED',
      `not a valid ZIP archive: no end record at offset ${expected}, the file of ${source.size} bytes is truncated`,
      { offset: Math.max(expected, 0) },
    );
  }
  return new TorchFileError(
    'GAP',
    `not a valid ZIP archive: the end record is at offset ${from + found}, expected ${expected}: ` +
      `bytes were added to the end of the file, or the record is damaged`,
    { offset: from + found },
  );
}

/** ZIP64 end record, 56 bytes at `at`: where the directory is. */
function readZip64End(tail: Buffer, at: number): DirectoryPlace {
  const place = 'ZIP64 end record';
  const field = (name: string, offset: number, got: number, expected: number): void =>
    expectField(CODE, place, name, at + offset, got, expected);
  field('signature', 0, tail.readUInt32LE(0), ZIP64_END_SIGNATURE);
  field('size of the record', 4, readU64(tail, 4, place, at + 4), ZIP64_END_BYTES - 12);
  field('version made by', 12, tail.readUInt16LE(12), MADE_BY);
  field('version needed', 14, tail.readUInt16LE(14), VERSION_NEEDED);
  field('number of this disk', 16, tail.readUInt32LE(16), 0);
  field('disk of the directory', 20, tail.readUInt32LE(20), 0);
  const count = readU64(tail, 32, place, at + 32);
  field('records on this disk', 24, readU64(tail, 24, place, at + 24), count);
  return { count, bytes: readU64(tail, 40, place, at + 40), offset: readU64(tail, 48, place, at + 48) };
}

/** ZIP64 locator, 20 bytes. */
function checkLocator(tail: Buffer, at: number, zip64End: number): void {
  const field = (name: string, offset: number, got: number, expected: number): void =>
    expectField(CODE, 'ZIP64 locator', name, at + offset, got, expected);
  const bytes = tail.subarray(ZIP64_END_BYTES);
  field('signature', 0, bytes.readUInt32LE(0), LOCATOR_SIGNATURE);
  field('disk of the ZIP64 end record', 4, bytes.readUInt32LE(4), 0);
  field('offset of the ZIP64 end record', 8, readU64(bytes, 8, 'ZIP64 locator', at + 8), zip64End);
  field('number of disks', 16, bytes.readUInt32LE(16), 1);
}

/** Classic end record, 22 bytes: repeats the ZIP64 one, with all ones where a value does not fit. */
function checkEnd(tail: Buffer, at: number, directory: DirectoryPlace): void {
  const field = (name: string, offset: number, got: number, expected: number): void =>
    expectField(CODE, 'end record', name, at + offset, got, expected);
  const bytes = tail.subarray(ZIP64_END_BYTES + LOCATOR_BYTES);
  const count = Math.min(directory.count, MAX_U16);
  field('number of this disk', 4, bytes.readUInt16LE(4), 0);
  field('disk of the directory', 6, bytes.readUInt16LE(6), 0);
  field('records on this disk', 8, bytes.readUInt16LE(8), count);
  field('records', 10, bytes.readUInt16LE(10), count);
  field('size of the directory', 12, bytes.readUInt32LE(12), Math.min(directory.bytes, MAX_U32));
  field('offset of the directory', 16, bytes.readUInt32LE(16), Math.min(directory.offset, MAX_U32));
  field('length of the comment', 20, bytes.readUInt16LE(20), 0);
}

function checkPlace(directory: DirectoryPlace, zip64End: number): void {
  const { count, offset, bytes } = directory;
  expectField(CODE, 'ZIP64 end record', 'end of the directory', zip64End + 40, offset + bytes, zip64End);
  if (count === 0 || count * CENTRAL_BYTES > bytes) {
    throw new TorchFileError(CODE, `ZIP64 end record: ${count} records cannot be in a directory of ${bytes} bytes`, {
      offset: zip64End + 32,
    });
  }
  if (count > MAX_RECORDS || bytes > MAX_DIRECTORY_BYTES) {
    throw new TorchFileError(
      'LIMIT_EXCEEDED',
      `directory of ${count} records in ${bytes} bytes, at most ${MAX_RECORDS} in ${MAX_DIRECTORY_BYTES} are read`,
      { offset },
    );
  }
}

function assertStart(source: ByteSource): void {
  if (source.size === 0) throw new TorchFileError('EMPTY', 'file is 0 bytes', { offset: 0 });
  if (source.size < 4 || readBytes(source, 0, 4).readUInt32LE(0) !== LOCAL_SIGNATURE) throw foreignFormatError(source);
}

/**
 * Finds the central directory: the three end records are the last 98 bytes, agree with each other and name no disk but
 * one. Nothing is searched for, so a second end record or a comment cannot mislead.
 *
 * @throws TorchFileError
 */
export function readEnd(source: ByteSource): DirectoryPlace {
  assertStart(source);
  const zip64End = source.size - TAIL_BYTES;
  if (zip64End < 0) throw noEndRecord(source);
  const tail = readBytes(source, zip64End, TAIL_BYTES);
  if (tail.readUInt32LE(ZIP64_END_BYTES + LOCATOR_BYTES) !== END_SIGNATURE) throw noEndRecord(source);
  const torchSignatures =
    Number(tail.readUInt32LE(0) === ZIP64_END_SIGNATURE) +
    Number(tail.readUInt32LE(ZIP64_END_BYTES) === LOCATOR_SIGNATURE);
  if (torchSignatures === 0) {
    throw new TorchFileError(
      'FOREIGN_LAYOUT',
      'the ZIP was not written by torch.save (no ZIP64 end record): load it with torch and save it again',
      { offset: zip64End },
    );
  }
  const directory = readZip64End(tail, zip64End);
  checkPlace(directory, zip64End);
  checkLocator(tail, zip64End + ZIP64_END_BYTES, zip64End);
  checkEnd(tail, zip64End + ZIP64_END_BYTES + LOCATOR_BYTES, directory);
  return directory;
}
