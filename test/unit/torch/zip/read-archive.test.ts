import { describe, expect, test } from 'vitest';
import { memorySource, readArchive, readDirectory } from '../../../../src/torch/index.ts';
import type { TorchFileError } from '../../../../src/torch/index.ts';
import { buildTorchZip, buildZip } from '../../../support/build-zip.ts';
import type { BuiltZip, ZipRecord } from '../../../support/build-zip.ts';
import { buildPickle } from '../../../support/build-pickle.ts';
import { refusal } from '../../../support/torch-samples.ts';

const PICKLE = buildPickle(['N']);
const STORAGE = Buffer.alloc(16, 7);

const sound = (): BuiltZip => buildTorchZip(PICKLE, { 0: STORAGE, 1: STORAGE });
const read = (zip: BuiltZip): TorchFileError => refusal(() => readArchive(memorySource(zip.bytes)));
const base: ZipRecord[] = [
  { name: 'data.pkl', content: PICKLE },
  { name: 'data/0', content: STORAGE },
  { name: 'version', content: '3\n' },
];

describe('readArchive', () => {
  test('a sound archive → prefix and records in file order, with their places', () => {
    const zip = sound();
    const archive = readArchive(memorySource(zip.bytes));
    expect(archive.prefix).toBe('archive');
    expect(archive.records.map(({ name }) => name)).toEqual(['data.pkl', 'byteorder', 'data/0', 'data/1', 'version']);
    expect(archive.records.map(({ dataOffset }) => dataOffset)).toEqual(zip.records.map(({ data }) => data));
    expect(readDirectory(memorySource(zip.bytes))).toEqual(archive);
  });

  test('records without content → no descriptor', () => {
    const { bytes } = buildZip([...base, { name: 'data/1' }]);
    expect(readArchive(memorySource(bytes)).byName.get('data/1')).toMatchObject({ size: 0, crcPresent: true });
  });

  test('10,000 records → the same', () => {
    const many = Array.from({ length: 10_000 }, (_, i) => ({ name: `data/${i}`, content: STORAGE }));
    const { bytes } = buildZip([base[0] as ZipRecord, ...many, base[2] as ZipRecord]);
    expect(readArchive(memorySource(bytes)).records).toHaveLength(10_002);
  });
});

describe('ZIP tricks', () => {
  test.each<[string, ZipRecord[], string]>([
    ['a name twice', [...base, { name: 'data/0', content: 'other' }], 'DUPLICATE_RECORD'],
    ['a name that differs in case', [...base, { name: 'Data.pkl', content: PICKLE }], 'UNEXPECTED_RECORD'],
    ['a path that climbs', [...base, { name: 'data/../../x', content: 'x' }], 'UNEXPECTED_RECORD'],
    ['an absolute path', [...base, { name: '/etc/passwd', content: 'x' }], 'UNEXPECTED_RECORD'],
    ['a backslash path', [...base, { name: 'data\\0', content: 'x' }], 'UNEXPECTED_RECORD'],
    ['a storage key that is no number', [...base, { name: 'data/0x1', content: 'x' }], 'UNEXPECTED_RECORD'],
    ['NUL in a name', [...base, { name: 'data/0\0.txt', content: 'x' }], 'BROKEN_DIRECTORY'],
    ['a newline in a name', [...base, { name: 'data/1\n', content: 'x' }], 'BROKEN_DIRECTORY'],
    ['TorchScript by constants.pkl', [...base, { name: 'constants.pkl', content: PICKLE }], 'TORCHSCRIPT'],
    ['TorchScript by code', [...base, { name: 'code/__torch__.py', content: 'import os' }], 'TORCHSCRIPT'],
    [
      'a local name unlike the directory',
      [...base, { name: 'data/1', localName: 'data/9', content: 'x' }],
      'LOCAL_CENTRAL_MISMATCH',
    ],
    ['a longer local name', [...base, { name: 'data/1', localName: 'data/11', content: 'x' }], 'BROKEN_LOCAL_HEADER'],
    ['a hole before a record', [...base, { name: 'data/1', content: 'x', gap: 9 }], 'BROKEN_LOCAL_HEADER'],
    ['a hole of 70 kB', [...base, { name: 'data/1', content: 'x', gap: 70_000 }], 'GAP'],
    ['two entries on one header', [...base, { name: 'data/1', content: STORAGE, sameHeaderAs: 1 }], 'OVERLAP'],
    [
      'a quoted overlap',
      [
        { ...base[0], name: 'data.pkl', sameHeaderAs: 0 },
        { name: 'version', content: '3\n', sameHeaderAs: 0 },
      ],
      'OVERLAP',
    ],
  ])('%s → refused', (_, records, code) => {
    expect(read(buildZip(records)).code).toBe(code);
  });

  test('a second folder → refused', () => {
    const zip = buildZip(base);
    zip.bytes.write('archivf', (zip.records[1]?.entry ?? 0) + 46);
    zip.bytes.write('archivf', (zip.records[1]?.header ?? 0) + 30);
    expect(read(zip)).toMatchObject({
      code: 'BROKEN_DIRECTORY',
      message: expect.stringContaining('is not in the folder'),
    });
  });

  type Place = (zip: BuiltZip) => number;
  const entry =
    (offset: number): Place =>
    (zip) =>
      (zip.records[2]?.entry ?? 0) + offset;
  const header =
    (offset: number): Place =>
    (zip) =>
      (zip.records[2]?.header ?? 0) + offset;
  const descriptor =
    (offset: number): Place =>
    (zip) =>
      (zip.records[2]?.descriptor ?? 0) + offset;
  const zip64End =
    (offset: number): Place =>
    (zip) =>
      zip.zip64End + offset;
  const locator =
    (offset: number): Place =>
    (zip) =>
      zip.locator + offset;
  const end =
    (offset: number): Place =>
    (zip) =>
      zip.end + offset;

  test.each<[string, Place, number, string]>([
    ['directory: made by Unix', entry(4), 3, 'BROKEN_DIRECTORY'],
    ['directory: version needed', entry(6), 20, 'BROKEN_DIRECTORY'],
    ['directory: encrypted flag', entry(8), 0x09, 'BROKEN_DIRECTORY'],
    ['directory: no descriptor flag', entry(8), 0x00, 'BROKEN_DIRECTORY'],
    ['directory: masked header flag', entry(9), 0x28, 'BROKEN_DIRECTORY'],
    ['directory: deflate', entry(10), 8, 'BROKEN_DIRECTORY'],
    ['directory: time', entry(12), 1, 'BROKEN_DIRECTORY'],
    ['directory: date', entry(14), 1, 'BROKEN_DIRECTORY'],
    ['directory: CRC', entry(16), 1, 'LOCAL_CENTRAL_MISMATCH'],
    ['directory: compressed size', entry(20), 15, 'BROKEN_DIRECTORY'],
    ['directory: size', entry(24), 15, 'BROKEN_DIRECTORY'],
    ['directory: extra field', entry(30), 4, 'BROKEN_DIRECTORY'],
    ['directory: comment', entry(32), 4, 'BROKEN_DIRECTORY'],
    ['directory: disk', entry(34), 1, 'BROKEN_DIRECTORY'],
    ['directory: internal attributes', entry(36), 1, 'BROKEN_DIRECTORY'],
    ['directory: external attributes (a symlink)', entry(41), 0xa1, 'BROKEN_DIRECTORY'],
    ['directory: header offset', entry(42), 1, 'OVERLAP'],
    ['local: version needed', header(4), 20, 'BROKEN_LOCAL_HEADER'],
    ['local: encrypted', header(6), 9, 'BROKEN_LOCAL_HEADER'],
    ['local: deflate', header(8), 8, 'BROKEN_LOCAL_HEADER'],
    ['local: CRC', header(14), 1, 'BROKEN_LOCAL_HEADER'],
    ['local: compressed size', header(18), 16, 'BROKEN_LOCAL_HEADER'],
    ['local: size', header(22), 16, 'BROKEN_LOCAL_HEADER'],
    ['local: extra length', header(28), 1, 'BROKEN_LOCAL_HEADER'],
    ['local: padding id', header(44), 0x47, 'BROKEN_LOCAL_HEADER'],
    ['local: padding text', header(50), 0x41, 'BROKEN_LOCAL_HEADER'],
    ['descriptor: signature', descriptor(0), 0, 'LOCAL_CENTRAL_MISMATCH'],
    ['descriptor: CRC', descriptor(4), 1, 'LOCAL_CENTRAL_MISMATCH'],
    ['descriptor: size', descriptor(12), 17, 'LOCAL_CENTRAL_MISMATCH'],
    ['ZIP64 end: size of the record', zip64End(4), 45, 'BROKEN_DIRECTORY'],
    ['ZIP64 end: disk', zip64End(16), 1, 'BROKEN_DIRECTORY'],
    ['ZIP64 end: fewer records', zip64End(32), 4, 'BROKEN_DIRECTORY'],
    ['ZIP64 end: 2^63 records', zip64End(39), 0x80, 'BROKEN_DIRECTORY'],
    ['ZIP64 end: directory size', zip64End(40), 1, 'BROKEN_DIRECTORY'],
    ['ZIP64 end: directory offset', zip64End(48), 1, 'BROKEN_DIRECTORY'],
    ['locator: offset', locator(8), 1, 'BROKEN_DIRECTORY'],
    ['locator: two disks', locator(16), 2, 'BROKEN_DIRECTORY'],
    ['end: disk', end(4), 1, 'BROKEN_DIRECTORY'],
    ['end: records', end(10), 1, 'BROKEN_DIRECTORY'],
    ['end: directory offset', end(16), 1, 'BROKEN_DIRECTORY'],
    ['end: a comment is announced', end(20), 0xff, 'BROKEN_DIRECTORY'],
  ])('%s changed → refused', (_, place, value, code) => {
    const zip = sound();
    zip.bytes[place(zip)] = value;
    const error = read(zip);
    expect([error.code, error.fault]).toEqual([code, 'corrupted']);
  });

  test('a comment with an archive inside → refused: the last 98 bytes decide, nothing is searched for', () => {
    const inner = sound().bytes;
    const zip = sound();
    zip.bytes.writeUInt16LE(inner.length, zip.end + 20);
    const error = refusal(() => readArchive(memorySource(Buffer.concat([zip.bytes, inner]))));
    expect(error.fault).toBe('corrupted');
  });

  test('a directory that announces a million records in a small file → refused before anything is allocated', () => {
    const zip = sound();
    zip.bytes.writeBigUInt64LE(1_000_000n, zip.zip64End + 24);
    zip.bytes.writeBigUInt64LE(1_000_000n, zip.zip64End + 32);
    expect(read(zip).message).toMatch(/1000000 records cannot be in a directory of/);
  });

  test('names the field, the offset, and both values', () => {
    const zip = sound();
    zip.bytes[zip.locator + 16] = 2;
    const { message, offset } = read(zip);
    expect(message).toBe(`ZIP64 locator: number of disks at offset ${zip.locator + 16} is 2, expected 1`);
    expect(offset).toBe(zip.locator + 16);
  });
});
