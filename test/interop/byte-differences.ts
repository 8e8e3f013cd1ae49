import { readBuffer } from '../support/torch-samples.ts';

/**
 * Offsets at which our file differs from one by torch 2.9, leaving out the content of `.data/serialization_id`, which torch
 * makes of hashes that no one else can compute, and the two places of its CRC.
 */
export function byteDifferences(ours: Buffer, theirs: Buffer): number[] {
  if (ours.length !== theirs.length) return [-1, ours.length, theirs.length];
  const { archive } = readBuffer(theirs);
  const id = archive.records.at(-1);
  if (id?.name !== '.data/serialization_id') throw new Error(`last record is ${id?.name}`);
  // Behind the 40 digits: signature and CRC of the descriptor.
  const crcEnd = id.dataOffset + 40 + 8;
  const entry = theirs.lastIndexOf('PK\x01\x02', undefined, 'latin1');
  const isExcluded = (at: number): boolean =>
    (at >= id.dataOffset && at < crcEnd) || (at >= entry + 16 && at < entry + 20);
  return [...ours.keys()].filter((at) => ours[at] !== theirs[at] && !isExcluded(at));
}
