import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunkSequence, countChunks } from '../../../src/sequences/index.ts';

/** The rule as VirNucPro states it, with lists of overlaps. */
function expectedRanges(length: number, chunkLength: number): [number, number][] {
  const n = Math.ceil(length / chunkLength);
  const excess = n * chunkLength - length;
  const low = Math.floor(excess / n);
  const need = excess - low * (n - 1);
  const overlaps = [
    ...Array.from({ length: need }, () => low + 1),
    ...Array.from({ length: Math.max(0, n - 1 - need) }, () => low),
    0,
  ];
  let start = 0;
  return Array.from({ length: n }, (_, k) => {
    const range: [number, number] = [start, Math.min(start + chunkLength, length)];
    start += chunkLength - (overlaps[k] as number);
    return range;
  });
}

/** A sequence in which every place can be told apart. */
function distinct(length: number): string {
  return Array.from({ length }, (_, place) => String.fromCodePoint(0x4e00 + place)).join('');
}

function ranges(length: number, chunkLength: number): [number, number][] {
  const sequence = distinct(length);
  return [...chunkSequence('s', sequence, chunkLength)].map((chunk) => {
    const start = sequence.indexOf(chunk.sequence);
    return [start, start + chunk.sequence.length];
  });
}

describe('chunkSequence', () => {
  test.each([
    [
      501,
      500,
      [
        [0, 500],
        [250, 501],
      ],
    ],
    [
      700,
      500,
      [
        [0, 500],
        [349, 700],
      ],
    ],
    [500, 500, [[0, 500]]],
    [
      1000,
      500,
      [
        [0, 500],
        [500, 1000],
      ],
    ],
    [3, 500, [[0, 3]]],
  ])('%d letters in chunks of %d', (length, chunkLength, expected) => {
    expect(ranges(length, chunkLength)).toEqual(expected);
  });

  test('any length → the published rule, covering every letter', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 400 }), (length, chunkLength) => {
        const found = ranges(length, chunkLength);
        expect(found).toEqual(expectedRanges(length, chunkLength));
        expect(found.length).toBe(countChunks(length, chunkLength));
        expect(found[0]?.[0]).toBe(0);
        expect(found.at(-1)?.[1]).toBe(length);
        for (const [k, [start]] of found.slice(1).entries()) expect(start).toBeLessThanOrEqual(found[k]?.[1] as number);
      }),
    );
  });

  test('5,137 of the 5,500 lengths from 501 to 6,000 end in a shorter chunk', () => {
    let shorter = 0;
    for (let length = 501; length <= 6000; length++) {
      const last = [...chunkSequence('s', 'A'.repeat(length), 500)].at(-1);
      if (last !== undefined && last.sequence.length < 500) shorter += 1;
    }
    expect(shorter).toBe(5137);
  });

  test('ids → {id}_chunk_{k} from 1, also for a single chunk', () => {
    expect([...chunkSequence('s', 'ACGTA', 2)].map(({ id }) => id)).toEqual(['s_chunk_1', 's_chunk_2', 's_chunk_3']);
    expect([...chunkSequence('s', 'A', 500)]).toEqual([{ id: 's_chunk_1', sequence: 'A' }]);
  });

  test('skip → the rest, unchanged', () => {
    const all = [...chunkSequence('s', distinct(1234), 100)];
    for (let skip = 0; skip <= all.length; skip++) {
      expect([...chunkSequence('s', distinct(1234), 100, skip)]).toEqual(all.slice(skip));
    }
  });
});
