import { buildZip, torchRecords } from '../support/build-zip.ts';
import type { ZipRecord } from '../support/build-zip.ts';
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
  /** The same content in a pickle that no fast path of the reader takes; not there where that cannot be said. */
  readonly twin?: Buffer;
}

const FAMILIES: readonly Family[] = [
  ...(['grammar', 'grammar', 'grammar', 'soup'] as const),
  ...(['mutated pickle', 'mutated pickle', 'mutated pickle', 'mutated container', 'mutated container'] as const),
];

/** Input number `index` of a run: the same bytes for the same seed, index and seed files. */
export function fuzzInput(seed: number, index: number, seeds: readonly Seed[]): FuzzInput {
  const random = new Random(seed, index);
  const family = random.pick(FAMILIES);
  // The kinds that this package writes come first, and have fast paths of their own in the reader.
  const { pickle, records } = random.pick(random.chance(0.4) ? seeds.slice(0, 3) : seeds);
  switch (family) {
    case 'grammar':
      return withTwin(family, randomPickle(random), torchRecords(randomStorages(random)));
    case 'soup':
      return withTwin(family, pickleSoup(random), torchRecords(randomStorages(random)));
    case 'mutated pickle':
      return withTwin(family, mutatePickle(pickle, random.pick(seeds).pickle, random), records);
    case 'mutated container':
      return { family, bytes: mutateZip(records, random) };
  }
}

function withTwin(family: Family, pickle: Buffer, records: readonly ZipRecord[]): FuzzInput {
  const bytes = zipAround(pickle, records);
  const twin = slowTwin(pickle);
  return twin === undefined ? { family, bytes } : { family, bytes, twin: zipAround(twin, records) };
}

function zipAround(pickle: Buffer, records: readonly ZipRecord[]): Buffer {
  return buildZip(records.map((record) => (record.name === 'data.pkl' ? { ...record, content: pickle } : record)))
    .bytes;
}

const PROTO = 0x80;
const MEMOIZE = 0x94;

/** `None`, put into the memo under an index that no mutation makes, popped: fast paths rely on a memo that is numbered from 0 without gaps. */
const GAP_IN_MEMO = Buffer.from('Nr\xd7\xc3\x9e\xb50', 'latin1');

/** @returns undefined where the pickle has no PROTO to put it behind, or may have a MEMOIZE, which counts the memo */
function slowTwin(pickle: Buffer): Buffer | undefined {
  if (pickle[0] !== PROTO || pickle.length < 3 || pickle.includes(MEMOIZE)) return undefined;
  return Buffer.concat([pickle.subarray(0, 2), GAP_IN_MEMO, pickle.subarray(2)]);
}
