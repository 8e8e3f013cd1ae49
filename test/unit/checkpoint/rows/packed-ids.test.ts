import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packIds, unpackIds, unpackIdsInTurns } from '../../../../src/checkpoint/rows/packed-ids.ts';

describe('packIds', () => {
  it('any texts → the same texts, after crossing to a thread', async () => {
    const texts = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '\ud800', 'NC_001416.1')));
    await fc.assert(
      fc.asyncProperty(texts, async (ids) => {
        const packed = structuredClone(packIds(ids));
        expect(unpackIds(packed)).toEqual(ids);
        expect(await unpackIdsInTurns(packed)).toEqual(ids);
      }),
    );
  });

  it('more ids than one block holds, and longer ones → several blocks, the same ids', () => {
    const many = Array.from({ length: 40_000 }, (_, index) => `id${index}`);
    expect(packIds(many).map(({ lengths }) => lengths.length)).toEqual([16_384, 16_384, 7232]);
    expect(unpackIds(packIds(many))).toEqual(many);
    const long = ['a'.repeat(9_000_000), 'b'.repeat(9_000_000), 'c'.repeat(20_000_000), 'd'];
    expect(packIds(long).map(({ lengths }) => lengths.length)).toEqual([1, 1, 1, 1]);
    expect(unpackIds(packIds(long)).every((id, index) => id === long[index])).toBe(true);
  });
});
