import { describe, expect, test } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { BadRowsError } from '../../../src/embedders/bad-rows.ts';
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

  test('some rows not finite → BadRowsError with the records, and the rows of the others', async () => {
    const items = ['a', 'b', 'c', 'd'].map((id, ordinal) => ({ id, ordinal, sequence: 'M' }));
    const embedder = embedderGiving([Number.NaN, Number.NaN, 3, 4, 5, Number.POSITIVE_INFINITY, 7, 8]);
    const error: unknown = await embedder
      .embed({ file: 'in.fa', scratchFolder: '' }, items, new AbortController().signal)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BadRowsError);
    const { bad } = error as BadRowsError;
    expect(bad.map(({ index, reason }) => [index, reason.slice(0, 42)])).toEqual([
      [0, 'embedder test gave NaN for record "a"; rem'],
      [2, 'embedder test gave Infinity for record "c"'],
    ]);
    const { items: sound, vectors } = (error as BadRowsError).soundRows(items);
    expect({ ids: sound.map(({ id }) => id), vectors: [...vectors] }).toEqual({
      ids: ['b', 'd'],
      vectors: [3, 4, 7, 8],
    });
  });

  test.each([[[1, 2]], [[1, 2, 3, 4, 5]]])('%o for two rows of 2 → Embedder error', async (values) => {
    await expect(embed(embedderGiving(values))).rejects.toMatchObject({
      type: FailureType.EmbeddingEmbedder,
      message: `embedder test: expected 2 × 2 values, got ${values.length}`,
    });
  });
});
