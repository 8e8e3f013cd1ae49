import { expect, it } from 'vitest';
import { readCost } from '../../../../src/embedders/sidecar/cost.ts';

it('an answer with what the process has counted → tokens, seconds and halvings', () => {
  const stats = { tokens: 12, paddedTokens: 16, deviceMs: 1500, oomSplits: 2, batches: 3, float32Rows: 0 };
  expect(readCost({ id: 1, stats })).toEqual({ tokens: 12, paddedTokens: 16, deviceSeconds: 1.5, halvings: 2 });
});

it('no counts → undefined; counts that are none → 0, since no batch fails for that', () => {
  expect(readCost({ id: 1 })).toBeUndefined();
  expect(readCost({ stats: null })).toBeUndefined();
  expect(readCost({ stats: { tokens: 'many', deviceMs: -1 } })).toEqual({
    tokens: 0,
    paddedTokens: 0,
    deviceSeconds: 0,
    halvings: 0,
  });
});
