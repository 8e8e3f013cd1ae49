import { beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../../fuzz/random.ts';
import { floatTensor, readBuffer, refusal, sample, sampleValue, written } from '../../support/torch-samples.ts';
import { pyDict, pyList } from '../../../src/torch/index.ts';
import type { Writable } from '../../../src/torch/index.ts';

const deep = { level: 'deep' } as const;
const PAGE = 4096;

/** Files of some 3 MB: one tensor, many tensors, Python floats. */
const LARGE: Readonly<Record<string, () => Writable>> = {
  merged: () => sample('merged', { rows: 225, dim: 3328 }),
  protein: () => sample('protein', { rows: 300, dim: 2560 }),
  nucleotide: () => sample('nucleotide', { rows: 440, dim: 768 }),
};

describe.each(Object.entries(LARGE))('a %s file of 3 MB', (_, make) => {
  const random = new Random(2026, 39);
  let bytes: Buffer;

  beforeAll(async () => {
    ({ bytes } = await written(make()));
  });

  test('as written → verified', () => {
    expect(bytes.length).toBeGreaterThan(2_900_000);
    expect(readBuffer(bytes, deep).integrity).toBe('verified');
  });

  /** Changes the bytes in place, expects a refusal, and puts the old ones back. */
  function expectRefused(what: string, start: number, changed: Uint8Array): void {
    const old = Buffer.from(bytes.subarray(start, start + changed.length));
    bytes.set(changed, start);
    try {
      refusal(() => readBuffer(bytes, deep));
    } catch (error) {
      throw new Error(`${what} at ${start}`, { cause: error });
    } finally {
      bytes.set(old, start);
    }
  }

  test('1,700 random bits flipped, one at a time → refused, each of them', () => {
    for (let n = 0; n < 1700; n++) {
      const at = random.below(bytes.length);
      expectRefused('flip', at, Buffer.of((bytes[at] as number) ^ (1 << random.below(8))));
    }
  });

  test('cut at 700 lengths → corrupted', () => {
    for (let n = 0; n < 700; n++) {
      const length = n < 100 ? bytes.length - 1 - n : random.below(bytes.length);
      const error = refusal(() => readBuffer(bytes.subarray(0, length), deep));
      expect([length, error.fault]).toEqual([length, 'corrupted']);
    }
  });

  test('blocks of 4 KiB exchanged, zeroed or doubled, 200 of each → refused', () => {
    const block = (number: number): Buffer => bytes.subarray(number * PAGE, (number + 1) * PAGE);
    const blocks = Math.floor(bytes.length / PAGE);
    for (let n = 0; n < 200; n++) {
      const [one, two] = [random.below(blocks), random.below(blocks)];
      if (block(one).equals(block(two))) continue;
      expectRefused('zeroed block', one * PAGE, Buffer.alloc(PAGE));
      expectRefused('doubled block', one * PAGE, Buffer.from(block(two)));
      const [first, second] = [Math.min(one, two), Math.max(one, two)];
      const stretch = Buffer.from(bytes.subarray(first * PAGE, (second + 1) * PAGE));
      stretch.set(block(second), 0);
      stretch.set(block(first), stretch.length - PAGE);
      expectRefused('exchanged blocks', first * PAGE, stretch);
    }
  });

  test('a block left out or put in twice, the rest moved → corrupted', () => {
    for (let n = 0; n < 50; n++) {
      const at = random.below(Math.floor(bytes.length / PAGE)) * PAGE;
      const without = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + PAGE)]);
      const twice = Buffer.concat([bytes.subarray(0, at + PAGE), bytes.subarray(at)]);
      for (const damaged of [without, twice]) {
        expect([at, refusal(() => readBuffer(damaged, deep)).fault]).toEqual([at, 'corrupted']);
      }
    }
  });
});

/** Twelve small files: the kinds that are written, and what else the writer takes. */
const SMALL: readonly (readonly [title: string, root: () => Writable])[] = [
  ['nucleotide', () => sample('nucleotide')],
  ['protein', () => sample('protein')],
  ['merged', () => sample('merged')],
  ['nucleotide of one row', () => sample('nucleotide', { rows: 1, dim: 2 })],
  ['protein of one row', () => sample('protein', { rows: 1, dim: 1 })],
  ['merged of one row', () => sample('merged', { rows: 1, dim: 1 })],
  ['in progress', () => sample('merged', { status: 'pending' })],
  ['one tensor', () => floatTensor([7], (i) => i)],
  ['an empty tensor', () => floatTensor([0], () => 0)],
  ['None', () => null],
  ['a dict of tensors', () => pyDict([['a', floatTensor([2, 2], (i) => sampleValue(1, i))]])],
  ['a list of texts', () => pyList(9, (i) => `id ${i} é`)],
];

test.each(SMALL)('%s cut at every length → corrupted', async (_, root) => {
  const { bytes } = await written(root());
  for (let length = 0; length < bytes.length; length++) {
    const error = refusal(() => readBuffer(bytes.subarray(0, length), deep));
    expect([length, error.fault]).toEqual([length, 'corrupted']);
  }
});
