import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSections, withoutMarkup } from '../../support/markdown.ts';
import { expectAsTorchReads, readGolden, storedSets } from '../../support/torch-fixtures.ts';
import type { FixtureSet } from '../../support/torch-fixtures.ts';

const sets = storedSets();

/** The row of a version in the table "Files by torch" of docs/checkpoint-format.md. */
function layoutOf({ folder, release }: FixtureSet): string[] {
  const prefixOf = (name: string, short: string): string => {
    const { prefix } = readGolden(folder, name);
    return prefix === 'archive' ? 'archive' : short;
  };
  const names = (readGolden(folder, 'twelve-storages').records ?? []).map(([name]) => name);
  const keys = names.filter((name) => name.startsWith('data/')).map((name) => name.slice('data/'.length));
  return [
    `${Math.floor(release / 1000)}.${release % 1000}`,
    [...new Set(names.map((name) => (name.startsWith('data/') ? 'data/…' : name)))].join(', '),
    keys.some((key) => key.length > 2) ? 'addresses' : keys.join(' '),
    prefixOf('twelve-storages', 'x'),
    prefixOf('non-ascii-name', 'ü'),
  ];
}

test('order of records, names of storages and archives → as documented', () => {
  const document = readFileSync(new URL('../../../docs/checkpoint-format.md', import.meta.url), 'utf8');
  const table = readSections(document).find(({ heading }) => heading === 'Files by torch')?.tables[0] ?? [];
  expect(table.slice(1).map((row) => row.map(withoutMarkup))).toEqual(sets.map(layoutOf));
});

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
