import { crc32 } from 'node:zlib';

/** One record of a hand-made archive. Everything but name and content has the value that torch writes. */
export interface ZipRecord {
  name: string;
  content?: Uint8Array | string;
  /** Written into descriptor and directory instead of the real CRC. */
  crc?: number;
  /** Name in the local header, where it differs. */
  localName?: string;
  /** Bytes between the previous record and this header. */
  gap?: number;
  /** Points the directory at the header of an earlier record. */
  sameHeaderAs?: number;
}

/** Where the parts of an archive are, so that a test can change one field. */
export interface BuiltZip {
  bytes: Buffer;
  records: { header: number; data: number; descriptor: number; entry: number }[];
  zip64End: number;
  locator: number;
  end: number;
}

const u16 = (value: number): Buffer => Buffer.from([value & 0xff, value >>> 8]);
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};
const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};

function localHeader(name: Buffer, flags: number, offset: number): Buffer {
  const padding = (64 - ((offset + 34 + name.length) % 64)) % 64;
  return Buffer.concat([
    u32(0x04034b50), // signature
    u16(0), // version needed
    u16(flags),
    Buffer.alloc(18), // method, time, date, CRC, sizes
    u16(name.length),
    u16(padding + 4),
    name,
    Buffer.from('FB'),
    u16(padding),
    Buffer.alloc(padding, 'Z'),
  ]);
}

function directoryEntry(name: Buffer, flags: number, crc: number, size: number, header: number): Buffer {
  return Buffer.concat([
    u32(0x02014b50), // signature
    u32(0), // made by, version needed
    u16(flags),
    Buffer.alloc(6), // method, time, date
    u32(crc),
    u32(size),
    u32(size),
    u16(name.length),
    Buffer.alloc(12), // extra, comment, disk, attributes
    u32(header),
    name,
  ]);
}

function endRecords(count: number, start: number, size: number): Buffer {
  return Buffer.concat([
    u32(0x06064b50), // ZIP64 end record
    u64(44),
    u16(0x031e),
    u16(45),
    u64(0), // disks
    u64(count),
    u64(count),
    u64(size),
    u64(start),
    u32(0x07064b50), // locator
    u32(0),
    u64(start + size),
    u32(1),
    u32(0x06054b50), // end record
    u32(0), // disks
    u16(count),
    u16(count),
    u32(size),
    u32(start),
    u16(0),
  ]);
}

/** A ZIP in torch's dialect, byte by byte from the specification and not with the writer under test. */
export function buildZip(records: readonly ZipRecord[], prefix = 'archive'): BuiltZip {
  const parts: Buffer[] = [];
  const places: BuiltZip['records'] = [];
  let position = 0;
  const append = (bytes: Buffer): number => {
    parts.push(bytes);
    position += bytes.length;
    return position - bytes.length;
  };
  const entries = records.map((record) => {
    const content = Buffer.from(record.content ?? '');
    const flags = content.length === 0 ? 0x0800 : 0x0808;
    const name = Buffer.from(`${prefix}/${record.name}`);
    const crc = record.crc ?? crc32(content);
    append(Buffer.alloc(record.gap ?? 0));
    const header = append(localHeader(Buffer.from(`${prefix}/${record.localName ?? record.name}`), flags, position));
    const data = append(content);
    const size = u32(content.length);
    const descriptor = content.length > 0 ? append(Buffer.concat([u32(0x08074b50), u32(crc), size, size])) : position;
    places.push({ header, data, descriptor, entry: 0 });
    const named = record.sameHeaderAs === undefined ? header : (places[record.sameHeaderAs]?.header ?? header);
    return directoryEntry(name, flags, crc, content.length, named);
  });
  const start = position;
  for (const [index, entry] of entries.entries()) (places[index] as BuiltZip['records'][number]).entry = append(entry);
  const zip64End = append(endRecords(records.length, start, position - start));
  return { bytes: Buffer.concat(parts), records: places, zip64End, locator: zip64End + 56, end: zip64End + 76 };
}

/** The records of a whole `.pt` file, its pickle empty. */
export function torchRecords(storages: Record<string, Uint8Array>): ZipRecord[] {
  return [
    { name: 'data.pkl', content: '' },
    { name: 'byteorder', content: 'little' },
    ...Object.entries(storages).map(([key, content]) => ({ name: `data/${key}`, content })),
    { name: 'version', content: '3\n' },
  ];
}

/** A whole `.pt` file around a pickle. */
export function buildTorchZip(pickle: Uint8Array, storages: Record<string, Uint8Array> = {}): BuiltZip {
  const [, ...others] = torchRecords(storages);
  return buildZip([{ name: 'data.pkl', content: pickle }, ...others]);
}
