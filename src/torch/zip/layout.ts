/**
 * The ZIP dialect of torch's `PyTorchStreamWriter` (miniz), the same from torch 1.6 to 2.9. Numbers are from PKWARE's
 * APPNOTE; what torch makes of them is in DESIGN.md.
 */
export const LOCAL_SIGNATURE = 0x04034b50;
export const DESCRIPTOR_SIGNATURE = 0x08074b50;
export const CENTRAL_SIGNATURE = 0x02014b50;
export const ZIP64_END_SIGNATURE = 0x06064b50;
export const LOCATOR_SIGNATURE = 0x07064b50;
export const END_SIGNATURE = 0x06054b50;

/** Fixed parts, without names and extra fields. */
export const LOCAL_BYTES = 30;
export const CENTRAL_BYTES = 46;
export const ZIP64_END_BYTES = 56;
export const LOCATOR_BYTES = 20;
export const END_BYTES = 22;
/** ZIP64 end record, its locator and the classic end record: always all three, always last. */
export const TAIL_BYTES = ZIP64_END_BYTES + LOCATOR_BYTES + END_BYTES;

/** Bit 11 (UTF-8 names), and bit 3 (sizes and CRC in a descriptor behind the content) unless the record is empty. */
export const FLAGS_EMPTY = 0x0800;
export const FLAGS_CONTENT = 0x0808;

/** Version made by 3.0 on Unix, version needed 4.5: only in the ZIP64 end record; entries say 0. */
export const MADE_BY = 0x031e;
export const VERSION_NEEDED = 45;

/** A 32-bit field of this value refers to the ZIP64 extra field. */
export const MAX_U32 = 0xffffffff;
export const MAX_U16 = 0xffff;
export const ZIP64_EXTRA_ID = 0x0001;
/** `FB`: padding of the letter Z up to the alignment. */
export const PADDING_EXTRA_ID = 0x4246;
export const PADDING_BYTE = 0x5a;

/** Bytes of the data descriptor: 64-bit sizes once the size or the place of the record needs them. */
export function descriptorBytes(size: number, headerOffset: number): number {
  if (size === 0) return 0;
  return size >= MAX_U32 || headerOffset >= MAX_U32 ? 24 : 16;
}

/** Bytes of the ZIP64 extra field of the local header, 0 if it has none. */
export function localZip64Bytes(size: number, headerOffset: number): number {
  const fields = (size >= MAX_U32 ? 16 : 0) + (headerOffset >= MAX_U32 ? 8 : 0);
  return fields === 0 ? 0 : 4 + fields;
}
