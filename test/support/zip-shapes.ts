import { deflateRawSync } from 'node:zlib';
import type { TorchFileCode } from '../../src/torch/index.ts';
import { buildTorchZip, buildZip } from './build-zip.ts';
import type { BuiltZip, ZipRecord } from './build-zip.ts';
import { buildPickle } from './build-pickle.ts';

export const SOUND_PICKLE = buildPickle(['N']);
export const SOUND_STORAGE = Buffer.alloc(16, 7);

/** What every trick starts from. */
export function soundZip(): BuiltZip {
  return buildTorchZip(SOUND_PICKLE, { 0: SOUND_STORAGE, 1: SOUND_STORAGE });
}

/** The least that is a `.pt` file. */
export const baseRecords: readonly ZipRecord[] = [
  { name: 'data.pkl', content: SOUND_PICKLE },
  { name: 'data/0', content: SOUND_STORAGE },
  { name: 'version', content: '3\n' },
];

const last = ({ records }: BuiltZip): BuiltZip['records'][number] => records.at(-1) as BuiltZip['records'][number];

function insert(bytes: Buffer, at: number, inserted: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]);
}

/** Moves directory and end records by `by` bytes: what stands there is announced correctly. */
function shiftDirectory({ bytes, zip64End, locator, end }: BuiltZip, by: number): void {
  bytes.writeBigUInt64LE(bytes.readBigUInt64LE(zip64End + 48) + BigInt(by), zip64End + 48);
  bytes.writeBigUInt64LE(bytes.readBigUInt64LE(locator + 8) + BigInt(by), locator + 8);
  bytes.writeUInt32LE(bytes.readUInt32LE(end + 16) + by, end + 16);
}

/** Lets the directory be `by` bytes longer. */
function growDirectory({ bytes, zip64End, locator, end }: BuiltZip, by: number): void {
  bytes.writeBigUInt64LE(bytes.readBigUInt64LE(zip64End + 40) + BigInt(by), zip64End + 40);
  bytes.writeBigUInt64LE(bytes.readBigUInt64LE(locator + 8) + BigInt(by), locator + 8);
  bytes.writeUInt32LE(bytes.readUInt32LE(end + 12) + by, end + 12);
}

function extraField(id: number, content: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(id, 0);
  head.writeUInt16LE(content.length, 2);
  return Buffer.concat([head, content]);
}

/** Gives the last entry of the directory an extra field, and all sizes that fit. */
function withExtra(zip: BuiltZip, extra: Buffer): Buffer {
  const { bytes } = zip;
  const at = last(zip).entry;
  bytes.writeUInt16LE(extra.length, at + 30);
  growDirectory(zip, extra.length);
  return insert(bytes, at + 46 + bytes.readUInt16LE(at + 28), extra);
}

function wide(...values: bigint[]): Buffer {
  const content = Buffer.alloc(8 * values.length);
  for (const [index, value] of values.entries()) content.writeBigUInt64LE(value, 8 * index);
  return extraField(1, content);
}

/** A storage of 64 MiB of zeros, deflated. */
function deflateBomb(): Buffer {
  const content = deflateRawSync(Buffer.alloc(64 << 20), { level: 1 });
  const zip = buildZip([...baseRecords, { name: 'data/1', content }]);
  const { header, entry: at } = last(zip);
  zip.bytes.writeUInt16LE(8, header + 8);
  zip.bytes.writeUInt16LE(8, at + 10);
  zip.bytes.writeUInt32LE(64 << 20, at + 24);
  return zip.bytes;
}

/** What takes more than one byte to do. */
export const SHAPES: readonly (readonly [title: string, make: (zip: BuiltZip) => Buffer, code: TorchFileCode])[] = [
  [
    'a comment with an archive in it',
    (zip) => {
      const inner = soundZip().bytes;
      zip.bytes.writeUInt16LE(inner.length, zip.end + 20);
      return Buffer.concat([zip.bytes, inner]);
    },
    'BROKEN_DIRECTORY',
  ],
  [
    'a comment with end records in it',
    (zip) => {
      const tail = Buffer.from(zip.bytes.subarray(zip.zip64End));
      zip.bytes.writeUInt16LE(tail.length, zip.end + 20);
      return Buffer.concat([zip.bytes, tail]);
    },
    'BROKEN_DIRECTORY',
  ],
  ['two end records', ({ bytes, end }) => Buffer.concat([bytes, bytes.subarray(end)]), 'FOREIGN_LAYOUT'],
  [
    'an end record in front of the others',
    ({ bytes, zip64End, end }) => insert(bytes, zip64End, bytes.subarray(end)),
    'BROKEN_DIRECTORY',
  ],
  [
    'two directories',
    ({ bytes, zip64End, records }) => insert(bytes, zip64End, bytes.subarray(records[0]?.entry, zip64End)),
    'BROKEN_DIRECTORY',
  ],
  [
    'bytes between the last record and the directory',
    (zip) => {
      shiftDirectory(zip, 8);
      return insert(zip.bytes, zip.records[0]?.entry ?? 0, Buffer.from('smuggled'));
    },
    'BROKEN_LOCAL_HEADER',
  ],
  [
    'bytes between the directory and the end records',
    (zip) => insert(zip.bytes, zip.zip64End, Buffer.from('smuggled')),
    'BROKEN_DIRECTORY',
  ],
  ['bytes behind the end', ({ bytes }) => Buffer.concat([bytes, Buffer.from('smuggled')]), 'GAP'],
  ['70,000 bytes behind the end', ({ bytes }) => Buffer.concat([bytes, Buffer.alloc(70_000)]), 'TRUNCATED'],
  ['a script in front', ({ bytes }) => Buffer.concat([Buffer.from('#!/bin/sh\n'), bytes]), 'NOT_A_ZIP'],
  ['an archive in front', ({ bytes }) => Buffer.concat([buildZip(baseRecords).bytes, bytes]), 'BROKEN_DIRECTORY'],
  ['an archive behind', ({ bytes }) => Buffer.concat([bytes, buildZip(baseRecords).bytes]), 'BROKEN_DIRECTORY'],
  [
    'a directory that hides its last record',
    (zip) => {
      const count = zip.records.length - 1;
      zip.bytes.writeBigUInt64LE(BigInt(count), zip.zip64End + 24);
      zip.bytes.writeBigUInt64LE(BigInt(count), zip.zip64End + 32);
      zip.bytes.writeUInt16LE(count, zip.end + 8);
      zip.bytes.writeUInt16LE(count, zip.end + 10);
      return zip.bytes;
    },
    'BROKEN_DIRECTORY',
  ],
  [
    'a count that differs between the end records',
    (zip) => {
      zip.bytes.writeUInt16LE(2, zip.end + 8);
      zip.bytes.writeUInt16LE(2, zip.end + 10);
      return zip.bytes;
    },
    'BROKEN_DIRECTORY',
  ],
  [
    'no records',
    ({ bytes, zip64End }) => {
      const tail = Buffer.from(bytes.subarray(zip64End));
      tail.fill(0, 24, 56).fill(0, 64, 72).fill(0, 84, 96);
      return Buffer.concat([Buffer.from('PK\x03\x04'), tail]);
    },
    'BROKEN_DIRECTORY',
  ],
  [
    '2^32 records',
    (zip) => {
      zip.bytes.writeBigUInt64LE(1n << 32n, zip.zip64End + 24);
      zip.bytes.writeBigUInt64LE(1n << 32n, zip.zip64End + 32);
      return zip.bytes;
    },
    'BROKEN_DIRECTORY',
  ],
  [
    'a million records in a small file',
    (zip) => {
      zip.bytes.writeBigUInt64LE(1_000_000n, zip.zip64End + 24);
      zip.bytes.writeBigUInt64LE(1_000_000n, zip.zip64End + 32);
      return zip.bytes;
    },
    'BROKEN_DIRECTORY',
  ],
  [
    'a directory of 2^62 bytes',
    (zip) => {
      zip.bytes.writeBigUInt64LE(1n << 62n, zip.zip64End + 40);
      return zip.bytes;
    },
    'BROKEN_DIRECTORY',
  ],
  [
    'a directory at a negative offset',
    (zip) => {
      zip.bytes.writeBigInt64LE(-98n, zip.zip64End + 48);
      return zip.bytes;
    },
    'BROKEN_DIRECTORY',
  ],
  [
    'end records without ZIP64',
    ({ bytes, zip64End, end }) => Buffer.concat([bytes.subarray(0, zip64End), bytes.subarray(end)]),
    'FOREIGN_LAYOUT',
  ],
  [
    'a locator that points into a storage',
    (zip) => {
      zip.bytes.writeBigUInt64LE(BigInt(zip.records[2]?.data ?? 0), zip.locator + 8);
      return zip.bytes;
    },
    'BROKEN_DIRECTORY',
  ],
  [
    'end records inside a storage, the locator pointing there',
    (zip) => {
      const inner = buildZip([...baseRecords, { name: 'data/1', content: zip.bytes.subarray(zip.zip64End) }]);
      inner.bytes.writeBigUInt64LE(BigInt(last(inner).data), inner.locator + 8);
      return inner.bytes;
    },
    'BROKEN_DIRECTORY',
  ],
  [
    'entries in another order than the records',
    (zip) => {
      const [first, second, third] = zip.records;
      const { bytes } = zip;
      const one = bytes.subarray(first?.entry, second?.entry);
      const two = bytes.subarray(second?.entry, third?.entry);
      Buffer.concat([two, one]).copy(bytes, first?.entry ?? 0);
      return bytes;
    },
    'GAP',
  ],
  [
    'a name that an extra field replaces (Info-ZIP Unicode path)',
    (zip) => withExtra(zip, extraField(0x7075, Buffer.from('\x01\0\0\0\0archive/data/9'))),
    'BROKEN_DIRECTORY',
  ],
  [
    'an extra field of another program',
    (zip) => withExtra(zip, extraField(0x5455, Buffer.alloc(5))),
    'BROKEN_DIRECTORY',
  ],
  ['a ZIP64 field that nothing refers to', (zip) => withExtra(zip, wide(16n, 16n)), 'BROKEN_DIRECTORY'],
  [
    'a ZIP64 size that would fit',
    (zip) => {
      zip.bytes.writeUInt32LE(0xffffffff, last(zip).entry + 20);
      zip.bytes.writeUInt32LE(0xffffffff, last(zip).entry + 24);
      return withExtra(zip, wide(2n, 2n));
    },
    'BROKEN_DIRECTORY',
  ],
  [
    'a ZIP64 size of 2^63',
    (zip) => {
      zip.bytes.writeUInt32LE(0xffffffff, last(zip).entry + 20);
      zip.bytes.writeUInt32LE(0xffffffff, last(zip).entry + 24);
      return withExtra(zip, wide(1n << 63n, 1n << 63n));
    },
    'BROKEN_DIRECTORY',
  ],
  [
    'a ZIP64 size of 5 GB',
    (zip) => {
      zip.bytes.writeUInt32LE(0xffffffff, last(zip).entry + 20);
      zip.bytes.writeUInt32LE(0xffffffff, last(zip).entry + 24);
      return withExtra(zip, wide(5_000_000_000n, 5_000_000_000n));
    },
    'OVERLAP',
  ],
  [
    'a size of all ones without a ZIP64 field',
    (zip) => {
      zip.bytes.writeUInt32LE(0xffffffff, last(zip).entry + 20);
      zip.bytes.writeUInt32LE(0xffffffff, last(zip).entry + 24);
      return zip.bytes;
    },
    'BROKEN_DIRECTORY',
  ],
  [
    'a ZIP64 offset beyond the file',
    (zip) => {
      zip.bytes.writeUInt32LE(0xffffffff, last(zip).entry + 42);
      return withExtra(zip, wide(1n << 40n));
    },
    'GAP',
  ],
  [
    'two ZIP64 fields',
    (zip) => {
      zip.bytes.writeUInt32LE(0xffffffff, last(zip).entry + 42);
      return withExtra(zip, Buffer.concat([wide(1n << 40n), wide(2n)]));
    },
    'BROKEN_DIRECTORY',
  ],
  [
    'a descriptor without a signature',
    (zip) => {
      const at = last(zip).descriptor;
      zip.bytes.copyWithin(at, at + 4, at + 16).fill(0, at + 12, at + 16);
      return zip.bytes;
    },
    'LOCAL_CENTRAL_MISMATCH',
  ],
  [
    'a descriptor that belongs to other content',
    (zip) => {
      zip.bytes.writeUInt32LE(0x12345678, last(zip).descriptor + 4);
      return zip.bytes;
    },
    'LOCAL_CENTRAL_MISMATCH',
  ],
  [
    'a size that is 1 more everywhere',
    (zip) => {
      const { entry: at, descriptor: behind } = last(zip);
      for (const field of [at + 20, at + 24, behind + 8, behind + 12]) zip.bytes.writeUInt32LE(3, field);
      return zip.bytes;
    },
    'BROKEN_LOCAL_HEADER',
  ],
  ['encryption in both headers', (zip) => withFlags(zip, 0x0809), 'BROKEN_DIRECTORY'],
  ['strong encryption in both headers', (zip) => withFlags(zip, 0x0848), 'BROKEN_DIRECTORY'],
  ['patch data in both headers', (zip) => withFlags(zip, 0x0828), 'BROKEN_DIRECTORY'],
  ['a deflate bomb', () => deflateBomb(), 'BROKEN_DIRECTORY'],
  [
    'a storage of 1 GB in 100 bytes',
    (zip) => {
      const { entry: at } = zip.records[2] as BuiltZip['records'][number];
      zip.bytes.writeUInt32LE(1 << 30, at + 20);
      zip.bytes.writeUInt32LE(1 << 30, at + 24);
      return zip.bytes;
    },
    'OVERLAP',
  ],
  [
    'every record on two disks',
    (zip) => {
      zip.bytes.writeUInt16LE(1, last(zip).entry + 34);
      zip.bytes.writeUInt32LE(2, zip.locator + 16);
      return zip.bytes;
    },
    'BROKEN_DIRECTORY',
  ],
  ['only end records', ({ bytes, zip64End }) => bytes.subarray(zip64End), 'NOT_A_ZIP'],
  ['a lone local header', ({ bytes }) => bytes.subarray(0, 64), 'TRUNCATED'],
  ['split-archive marker in front', ({ bytes }) => Buffer.concat([Buffer.from('PK\x07\x08'), bytes]), 'NOT_A_ZIP'],
  [
    'CRC left out of the directory alone',
    (zip) => {
      zip.bytes.writeUInt32LE(0, last(zip).entry + 16);
      return zip.bytes;
    },
    'LOCAL_CENTRAL_MISMATCH',
  ],
];

/** The same flags in the local header and in the directory. */
function withFlags(zip: BuiltZip, flags: number): Buffer {
  const { header, entry } = last(zip);
  zip.bytes.writeUInt16LE(flags, header + 6);
  zip.bytes.writeUInt16LE(flags, entry + 8);
  return zip.bytes;
}
