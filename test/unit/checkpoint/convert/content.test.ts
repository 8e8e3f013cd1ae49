import { describe, expect, it } from 'vitest';
import { writtenKind } from '../../../../src/checkpoint/convert/content.ts';
import type { RowIndex } from '../../../../src/checkpoint/rows/row-index.ts';

function indexOf(dim: number): RowIndex {
  const encoding = { dtype: 'float32', littleEndian: true, negate: false } as const;
  return { rows: 1, dim, form: 'strided', encoding, offset: 0, shape: [1, dim], stride: [dim * 4, 4] };
}

describe('writtenKind', () => {
  it.each([
    ['batch', 3328, 'merged'],
    ['batch', 768, 'vectors'],
    ['vectors', 768, 'vectors'],
    ['nucleotide', 768, 'nucleotide'],
    ['protein', 2560, 'protein'],
    ['merged', 3328, 'merged'],
  ] as const)('%s of %d values → %s', (kind, dim, expected) => {
    expect(writtenKind({ kind, index: indexOf(dim) })).toBe(expected);
  });
});
