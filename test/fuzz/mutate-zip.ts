import { buildZip } from '../support/build-zip.ts';
import type { BuiltZip, ZipRecord } from '../support/build-zip.ts';
import type { Random } from './random.ts';

/** Offset and width of the fields of each part of an archive (APPNOTE 4.3). */
const FIELDS = {
  header: [
    [0, 4],
    [4, 2],
    [6, 2],
    [8, 2],
    [10, 2],
    [12, 2],
    [14, 4],
    [18, 4],
    [22, 4],
    [26, 2],
    [28, 2],
  ],
  descriptor: [
    [0, 4],
    [4, 4],
    [8, 4],
    [12, 4],
  ],
  entry: [
    ...[
      [0, 4],
      [4, 2],
      [6, 2],
      [8, 2],
      [10, 2],
      [12, 4],
      [16, 4],
      [20, 4],
    ],
    ...[
      [24, 4],
      [28, 2],
      [30, 2],
      [32, 2],
      [34, 2],
      [36, 2],
      [38, 4],
      [42, 4],
    ],
  ],
  zip64End: [
    [0, 4],
    [4, 8],
    [12, 2],
    [14, 2],
    [16, 4],
    [20, 4],
    [24, 8],
    [32, 8],
    [40, 8],
    [48, 8],
  ],
  locator: [
    [0, 4],
    [4, 4],
    [8, 8],
    [16, 4],
  ],
  end: [
    [0, 4],
    [4, 2],
    [6, 2],
    [8, 2],
    [10, 2],
    [12, 4],
    [16, 4],
    [20, 2],
  ],
} as const satisfies Record<string, readonly (readonly number[])[]>;

type Part = keyof typeof FIELDS;
const PARTS = Object.keys(FIELDS) as Part[];

const NAMES = [
  'data.pkl',
  'Data.pkl',
  'data/0',
  'data/00',
  'data/../x',
  'version',
  'constants.pkl',
  '.data/version',
  '',
];

/** Changes what the archive is made of; CRCs, offsets and counts follow. */
type RecordChange = (records: ZipRecord[], random: Random) => ZipRecord[];

const RECORD_CHANGES: readonly RecordChange[] = [
  (records, random) => records.toSorted(() => random.below(3) - 1),
  (records, random) => records.toSpliced(random.below(records.length), 1),
  (records, random) => [...records, random.pick(records)],
  (records, random) => [...records, { name: random.pick(NAMES), content: random.bytes(random.small(80)) }],
  (records, random) => change(records, random, () => ({ name: random.pick(NAMES) })),
  (records, random) => change(records, random, () => ({ localName: random.pick(NAMES) })),
  (records, random) => change(records, random, () => ({ gap: random.pick([1, 4, 64, 70_000]) })),
  (records, random) => change(records, random, () => ({ sameHeaderAs: random.below(records.length) })),
  (records, random) => change(records, random, () => ({ crc: random.pick([0, random.u32()]) })),
  (records) => records.map((record) => ({ ...record, crc: 0 })),
  (records, random) => change(records, random, ({ content }) => ({ content: otherLength(content ?? '', random) })),
];

function change(records: ZipRecord[], random: Random, by: (record: ZipRecord) => Partial<ZipRecord>): ZipRecord[] {
  const at = random.below(records.length);
  const record = records[at] as ZipRecord;
  return records.with(at, { ...record, ...by(record) });
}

function otherLength(content: Uint8Array | string, random: Random): Buffer {
  const bytes = Buffer.from(content);
  return random.chance(0.5)
    ? bytes.subarray(0, random.below(bytes.length + 1))
    : Buffer.concat([bytes, random.bytes(random.small(16))]);
}

/** Where a part starts, of one record where there is one for each. */
function placeOf(zip: BuiltZip, part: Part, record: number): number {
  if (part === 'zip64End' || part === 'locator' || part === 'end') return zip[part];
  return zip.records[record]?.[part] ?? 0;
}

function setField(zip: BuiltZip, part: Part, random: Random): void {
  const [offset, width] = random.pick<readonly [number, number]>(FIELDS[part]);
  const at = placeOf(zip, part, random.below(zip.records.length)) + offset;
  if (at + width > zip.bytes.length) return;
  const low = Math.min(width, 4);
  const now = zip.bytes.readUIntLE(at, low);
  const next = random.chance(0.4) ? now + random.pick([1, -1, 64, -64]) : random.extreme();
  zip.bytes.writeUIntLE(((next % 2 ** (8 * low)) + 2 ** (8 * low)) % 2 ** (8 * low), at, low);
  if (width === 8 && random.chance(0.3)) zip.bytes.writeUInt32LE(random.extreme(), at + 4);
}

/** The same wrong size in descriptor and directory: only the tiling can tell. */
function resize(zip: BuiltZip, random: Random): void {
  const record = random.below(zip.records.length);
  const by = random.pick([1, -1, 16, -16]);
  for (const [part, offset] of [
    ['descriptor', 8],
    ['descriptor', 12],
    ['entry', 20],
    ['entry', 24],
  ] as const) {
    const at = placeOf(zip, part, record) + offset;
    if (at + 4 <= zip.bytes.length) zip.bytes.writeUInt32LE((zip.bytes.readUInt32LE(at) + by) >>> 0, at);
  }
}

/** A directory entry says all ones and gives size or offset in a ZIP64 field, which is right or wrong. */
function widenEntry(zip: BuiltZip, random: Random): Buffer {
  const entry = random.pick(zip.records).entry;
  const { bytes } = zip;
  const [wideSize, wideOffset] = random.pick([
    [true, false],
    [false, true],
    [true, true],
  ] as const);
  const fields = [...(wideSize ? [20, 24] : []), ...(wideOffset ? [42] : [])];
  const extra = Buffer.alloc(4 + 8 * fields.length);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(8 * fields.length, 2);
  for (const [index, field] of fields.entries()) {
    const value = random.chance(0.6) ? BigInt(bytes.readUInt32LE(entry + field)) : BigInt(random.extreme()) << 31n;
    extra.writeBigUInt64LE(value, 4 + 8 * index);
    bytes.writeUInt32LE(0xffffffff, entry + field);
  }
  bytes.writeUInt16LE(extra.length, entry + 30);
  const end = entry + 46 + bytes.readUInt16LE(entry + 28);
  addTo64(bytes, zip.zip64End + 40, extra.length);
  addTo64(bytes, zip.locator + 8, extra.length);
  bytes.writeUInt32LE((bytes.readUInt32LE(zip.end + 12) + extra.length) >>> 0, zip.end + 12);
  return Buffer.concat([bytes.subarray(0, end), extra, bytes.subarray(end)]);
}

function addTo64(bytes: Buffer, at: number, value: number): void {
  bytes.writeBigUInt64LE(BigInt.asUintN(64, bytes.readBigUInt64LE(at) + BigInt(value)), at);
}

function damageBytes(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length);
  const [start, end] = random.range(bytes.length, 100);
  return random.pick<() => Buffer>([
    () => bytes.subarray(0, at),
    () => Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.small(20)), bytes.subarray(at)]),
    () => Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]),
    () => Buffer.concat([bytes, bytes]),
    () => Buffer.concat([bytes, random.bytes(1 + random.small(200))]),
    () => Buffer.concat([random.bytes(1 + random.small(200)), bytes]),
    () => Buffer.from(bytes).fill(0, start, end),
    () => flipped(bytes, at, 1 << random.below(8)),
    () => flipped(bytes, at, 1 << random.below(8)),
  ])();
}

function flipped(bytes: Buffer, at: number, mask: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ mask;
  return copy;
}

/** A container in which something is not as torch writes it, with CRCs that fit the content or do not. */
export function mutateZip(records: readonly ZipRecord[], random: Random): Buffer {
  let changed = [...records];
  if (random.chance(0.5)) {
    for (let left = 1 + random.small(3); left > 0 && changed.length > 0; left--) {
      changed = random.pick(RECORD_CHANGES)(changed, random);
    }
  }
  const zip = buildZip(changed, random.pick(['archive', 'a', 'é', 'x'.repeat(80)]));
  if (changed.length === 0) return zip.bytes;
  if (random.chance(0.5))
    for (let left = 1 + random.small(4); left > 0; left--) setField(zip, random.pick(PARTS), random);
  if (random.chance(0.1)) resize(zip, random);
  const bytes = random.chance(0.15) ? widenEntry(zip, random) : zip.bytes;
  return random.chance(0.3) ? damageBytes(bytes, random) : bytes;
}
