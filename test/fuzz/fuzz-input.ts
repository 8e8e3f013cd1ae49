import { buildTorchZip, buildZip } from '../support/build-zip.ts';
import { mutatePickle } from './mutate-pickle.ts';
import { mutateZip } from './mutate-zip.ts';
import { Random } from './random.ts';
import { pickleSoup, randomPickle, randomStorages } from './random-pickle.ts';
import type { Seed } from './seeds.ts';

/** What an input was made by. */
export type Family = 'grammar' | 'soup' | 'mutated pickle' | 'mutated container';

export interface FuzzInput {
  readonly family: Family;
  readonly bytes: Buffer;
}

const FAMILIES: readonly Family[] = [
  ...(['grammar', 'grammar', 'grammar', 'soup'] as const),
  ...(['mutated pickle', 'mutated pickle', 'mutated pickle', 'mutated container', 'mutated container'] as const),
];

/** Input number `index` of a run: the same bytes for the same seed, index and seed files. */
export function fuzzInput(seed: number, index: number, seeds: readonly Seed[]): FuzzInput {
  const random = new Random(seed, index);
  const family = random.pick(FAMILIES);
  return { family, bytes: makeBytes(family, random, seeds) };
}

function makeBytes(family: Family, random: Random, seeds: readonly Seed[]): Buffer {
  const { pickle, records } = random.pick(seeds);
  switch (family) {
    case 'grammar':
      return buildTorchZip(randomPickle(random), randomStorages(random)).bytes;
    case 'soup':
      return buildTorchZip(pickleSoup(random), randomStorages(random)).bytes;
    case 'mutated pickle': {
      const content = mutatePickle(pickle, random.pick(seeds).pickle, random);
      return buildZip(records.map((record) => (record.name === 'data.pkl' ? { ...record, content } : record))).bytes;
    }
    case 'mutated container':
      return mutateZip(records, random);
  }
}
