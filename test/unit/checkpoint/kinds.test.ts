import { describe, expect, it } from 'vitest';
import { dimensionProblem, isCheckpointName, kindFromContent, kindFromName } from '../../../src/checkpoint/kinds.ts';

describe('kindFromName', () => {
  it.each([
    ['out/a_1_DNABERT_S.pt', 'nucleotide'],
    ['a_ESM.pt', 'protein'],
    ['a_merged.pt', 'merged'],
    ['a_KMER.pt', 'vectors'],
    ['a_FAKE.pt', 'vectors'],
    ['a_ESM2_8M.pt', 'vectors'],
    ['a_ESM2_650M.pt', 'vectors'],
    ['shard_0/batch_00012.pt', 'batch'],
    ['a_esm.pt', undefined],
    ['a_ESM.pt/b.pt', undefined],
    ['my_batch_00012.pt', undefined],
  ])('%s → %s', (path, kind) => {
    expect(kindFromName(path)).toBe(kind);
  });
});

describe('kindFromContent', () => {
  it.each([
    [['nucleotide', 'data'], 768, 'nucleotide'],
    [['proteins', 'data'], 2560, 'protein'],
    [['ids', 'data'], 3328, 'merged'],
    [['ids', 'data'], 136, 'vectors'],
    [['embeddings', 'sequence_ids'], 2560, 'batch'],
    [['data'], undefined, 'generic'],
    [[], undefined, 'generic'],
  ])('keys %j with dimension %s → %s', (keys, dim, kind) => {
    expect(kindFromContent((key) => keys.includes(key), dim)).toBe(kind);
  });
});

describe('dimensionProblem', () => {
  it.each([
    ['nucleotide', 768],
    ['protein', 2560],
    ['merged', 3328],
    ['vectors', 1],
    ['batch', 77],
  ] as const)('%s of %d → none', (kind, dim) => {
    expect(dimensionProblem(kind, dim)).toBeUndefined();
  });

  it.each([
    ['nucleotide', 767, 'wrong last dimension for nucleotide: expected 768, got 767'],
    ['protein', 1280, 'wrong last dimension for protein: expected 2560, got 1280'],
    ['merged', 3327, 'wrong last dimension for merged: expected 3328, got 3327'],
    ['vectors', 3328, 'wrong last dimension for vectors: 3328 is that of merged'],
    ['vectors', 0, 'wrong last dimension for vectors: expected at least 1, got 0'],
  ] as const)('%s of %d → %s', (kind, dim, text) => {
    expect(dimensionProblem(kind, dim)).toBe(text);
  });
});

describe('isCheckpointName', () => {
  it.each([
    ['a.pt', true],
    ['.a.pt.1-f.tmp', false],
    ['.a.pt', false],
    ['a.pt.bad-2026-01-01T00:00:00Z', false],
    ['a.bad-x.pt', false],
    ['a.pth', false],
  ])('%s → %s', (name, expected) => {
    expect(isCheckpointName(name)).toBe(expected);
  });
});
