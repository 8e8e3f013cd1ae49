import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TorchFileError } from '../../../src/torch/index.ts';
import { digestFile } from '../../support/digest-value.ts';
import { storedSets } from '../../support/torch-fixtures.ts';
import { readBuffer } from '../../support/torch-samples.ts';

const deep = { level: 'deep' } as const;

/** Refused: undefined. */
function read(bytes: Buffer): ReturnType<typeof readBuffer> | undefined {
  try {
    return readBuffer(bytes, deep);
  } catch (error) {
    if (error instanceof TorchFileError) return undefined;
    throw error;
  }
}

/** What is vouched for, smallest first: files without CRCs are read, but called unverified. */
function verifiedFiles(folder: string, names: readonly string[]): { name: string; bytes: Buffer }[] {
  return names
    .map((name) => join(folder, `${name}.pt`))
    .toSorted((one, two) => statSync(one).size - statSync(two).size)
    .map((name) => ({ name, bytes: readFileSync(name) }))
    .filter(({ bytes }) => read(bytes)?.integrity === 'verified');
}

/** Which flips are read as something else than the file; those that are read as the same are harmless. */
function missedFlips(bytes: Buffer, bits: (byte: number) => readonly number[]): string[] {
  const sound = read(bytes);
  const digest = sound && digestFile(sound);
  const missed: string[] = [];
  for (let byte = 0; byte < bytes.length; byte++) {
    const original = bytes.readUInt8(byte);
    for (const bit of bits(byte)) {
      bytes.writeUInt8(original ^ (1 << bit), byte);
      const flipped = read(bytes);
      if (flipped !== undefined && digestFile(flipped) !== digest) missed.push(`bit ${bit} of byte ${byte}`);
    }
    bytes.writeUInt8(original, byte);
  }
  return missed;
}

describe.each(storedSets())(
  'a file of torch $torch with one bit flipped → refused, or the same content',
  ({ folder, names }) => {
    const files = verifiedFiles(folder, names);

    test('every bit of the four smallest files with a tensor', () => {
      const withTensor = files.filter(({ bytes }) => bytes.includes('_rebuild_tensor')).slice(0, 4);
      expect(withTensor).toHaveLength(4);
      for (const { name, bytes } of withTensor) {
        expect([name, missedFlips(bytes, () => [0, 1, 2, 3, 4, 5, 6, 7])]).toEqual([name, []]);
      }
    });

    test('one bit of every third byte of all files up to 3 kB', () => {
      const small = files.filter(({ bytes }) => bytes.length <= 3072);
      expect(small.length).toBeGreaterThan(30);
      for (const { name, bytes } of small) {
        const missed = missedFlips(bytes, (byte) => (byte % 3 === 0 ? [(byte / 3) % 8] : []));
        expect([name, missed]).toEqual([name, []]);
      }
    });
  },
);
