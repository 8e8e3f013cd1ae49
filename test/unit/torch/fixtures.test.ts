import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectAsTorchReads, storedSets } from '../../support/torch-fixtures.ts';

const sets = storedSets();

test('stored sets → at least 60 files of each of two versions, less than 1 MB in all', () => {
  expect(sets.filter(({ names }) => names.length >= 60).length).toBeGreaterThanOrEqual(2);
  const sizes = sets.flatMap(({ folder }) => readdirSync(folder).map((name) => statSync(join(folder, name)).size));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(1_000_000);
});

describe.each(sets)('stored file of torch $torch, numpy $numpy', ({ folder, names }) => {
  test.each(names)('%s → keys, types, shapes, dtypes, strides and every value as torch reads them', (name) => {
    expectAsTorchReads(folder, name);
  });
});
