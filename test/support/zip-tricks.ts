import type { TorchFileCode } from '../../src/torch/index.ts';
import { buildZip } from './build-zip.ts';
import type { BuiltZip, ZipRecord } from './build-zip.ts';
import {
  baseRecords as base,
  SHAPES,
  SOUND_PICKLE as PICKLE,
  SOUND_STORAGE as STORAGE,
  soundZip,
} from './zip-shapes.ts';

/** An archive with which programs can be made to see what is not there, or not to see what is. */
export interface ZipTrick {
  readonly title: string;
  readonly code: TorchFileCode;
  readonly bytes: Buffer;
}

const RECORDS: readonly (readonly [title: string, records: ZipRecord[], code: TorchFileCode])[] = [
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
  ['the pickle twice', [...base, { name: 'data.pkl', content: PICKLE }], 'DUPLICATE_RECORD'],
  ['the pickle in two spellings', [...base, { name: 'DATA.PKL', content: PICKLE }], 'UNEXPECTED_RECORD'],
  ['a dot in a path', [...base, { name: './data/1', content: 'x' }], 'UNEXPECTED_RECORD'],
  ['two slashes in a path', [...base, { name: 'data//1', content: 'x' }], 'UNEXPECTED_RECORD'],
  ['a folder', [...base, { name: 'data/', content: '' }], 'UNEXPECTED_RECORD'],
  ['no name inside the folder', [...base, { name: '', content: 'x' }], 'BROKEN_DIRECTORY'],
  ['a drive letter', [...base, { name: 'C:/data/1', content: 'x' }], 'UNEXPECTED_RECORD'],
  ['digits of another script', [...base, { name: 'data/١', content: 'x' }], 'UNEXPECTED_RECORD'],
  ['a name that reads backwards', [...base, { name: 'data/\u202e1', content: 'x' }], 'UNEXPECTED_RECORD'],
  ['a name that NFKC makes a known one', [...base, { name: 'ｄata/1', content: 'x' }], 'UNEXPECTED_RECORD'],
  ['a storage key of 21 digits', [...base, { name: `data/${'1'.repeat(21)}`, content: 'x' }], 'UNEXPECTED_RECORD'],
  ['a name of 60,000 letters', [...base, { name: 'x'.repeat(60_000), content: 'x' }], 'UNEXPECTED_RECORD'],
  ['code beside the pickle', [...base, { name: 'evil.py', content: 'import os' }], 'UNEXPECTED_RECORD'],
  ['an archive as a record', [...base, { name: 'inner.zip', content: buildZip(base).bytes }], 'UNEXPECTED_RECORD'],
  ['a link as a record', [...base, { name: '.data/version', content: '../../x' }], 'UNEXPECTED_RECORD'],
];

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

/** One byte of a sound archive. */
const FIELDS: readonly (readonly [title: string, place: Place, value: number, code: TorchFileCode])[] = [
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
];

/** None of them may be accepted, and each has one reason for which it is refused. */
export function zipTricks(): ZipTrick[] {
  return [
    ...RECORDS.map(([title, records, code]) => ({ title, code, bytes: buildZip(records).bytes })),
    ...FIELDS.map(([title, place, value, code]) => {
      const zip = soundZip();
      zip.bytes[place(zip)] = value;
      return { title: `${title} changed`, code, bytes: zip.bytes };
    }),
    ...SHAPES.map(([title, make, code]) => ({ title, code, bytes: make(soundZip()) })),
  ];
}
