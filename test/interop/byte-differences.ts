const ID_DIGITS = 40;

/**
 * Offsets at which our file, or its tail, differs from one by torch 2.9, leaving out the content of
 * `.data/serialization_id`, which torch makes of hashes of its own, and the two places of its CRC.
 */
export function byteDifferences(ours: Buffer, theirs: Buffer): number[] {
  if (ours.length !== theirs.length) return [-1, ours.length, theirs.length];
  const header = theirs.lastIndexOf('PK\x03\x04', undefined, 'latin1');
  const nameEnd = header + 30 + theirs.readUInt16LE(header + 26);
  const name = theirs.toString('latin1', header + 30, nameEnd);
  if (!name.endsWith('/.data/serialization_id')) throw new Error(`last record is ${name}`);
  const id = nameEnd + theirs.readUInt16LE(header + 28);
  // Behind the digits: signature and CRC of the descriptor.
  const crcEnd = id + ID_DIGITS + 8;
  const entry = theirs.lastIndexOf('PK\x01\x02', undefined, 'latin1');
  const isExcluded = (at: number): boolean => (at >= id && at < crcEnd) || (at >= entry + 16 && at < entry + 20);
  return [...ours.keys()].filter((at) => ours[at] !== theirs[at] && !isExcluded(at));
}
