import { describe, expect, test } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { checkedEmbedder } from '../../../src/embedders/checked-embedder.ts';
import { kmerFactory } from '../../../src/embedders/kmer/kmer-factory.ts';
import type { Embedder } from '../../../src/embedders/types.ts';

function embedderGiving(values: number[]): Embedder {
  return checkedEmbedder({
    description: { ...kmerFactory.describe({}, 'protein'), name: 'test', dim: 2 },
    alive: true,
    start: async () => undefined,
    stop: async () => undefined,
    embed: async () => Float32Array.from(values),
  });
}

function embed(embedder: Embedder): Promise<Float32Array> {
  const items = ['a', 'b'].map((id, ordinal) => ({ id, ordinal, sequence: 'M' }));
  return embedder.embed({ file: 'in.fa', scratchFolder: '' }, items, new AbortController().signal);
}

describe('checkedEmbedder', () => {
  test('finite rows → passed on', async () => {
    expect([...(await embed(embedderGiving([1, 2, 3, -4])))]).toEqual([1, 2, 3, -4]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    '%d in a row → InvalidInput naming the record',
    async (value) => {
      await expect(embed(embedderGiving([1, 2, 3, value]))).rejects.toMatchObject({
        type: FailureType.EmbeddingInvalidInput,
        message: `embedder test gave ${value} for record "b"; remove the record or check its sequence`,
      });
    },
  );

  test.each([[[1, 2]], [[1, 2, 3, 4, 5]]])('%o for two rows of 2 → Embedder error', async (values) => {
    await expect(embed(embedderGiving(values))).rejects.toMatchObject({
      type: FailureType.EmbeddingEmbedder,
      message: `embedder test: expected 2 × 2 values, got ${values.length}`,
    });
  });
});
