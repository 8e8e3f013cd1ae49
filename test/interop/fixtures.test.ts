import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  expectAsTorchReads,
  expectCheckpoint,
  fixtureNames,
  readGolden,
  storedSets,
} from '../support/torch-fixtures.ts';
import type { FixtureSet, Golden } from '../support/torch-fixtures.ts';
import { runTorch, torchPythons } from '../support/torch-python.ts';

const pythons = torchPythons('interop: reading what torch writes');

/** The stored set of the same torch, or of the newest one that is older. */
function nearestSet(release: number): FixtureSet | undefined {
  return storedSets().findLast((set) => set.release <= release);
}

/**
 * What of a golden every machine makes alike. Sizes of pickles depend on numpy (its modules have other names since 2.0), and
 * names of storages in torch 1.6 on addresses.
 */
function lasting({ records, ...golden }: Golden): unknown {
  return { ...golden, records: records?.map(([name]) => name.replace(/^data\/\d{8,}$/, 'data/address')) };
}

/** Golden of another torch: the same objects in another container. */
function contentOf({ value, refused, checkpoint }: Golden): unknown {
  return { value, refused, checkpoint };
}

/** What torch keeps of an optimizer grows with its versions. */
const GROWING = new Set(['optimizer']);

describe.each(pythons)('files by torch $version', (python) => {
  const folder = mkdtempSync(join(tmpdir(), 'torch-fixtures-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  runTorch(python, '../fixtures/torch/make.py', [folder, '--large']);
  const names = fixtureNames(folder);
  const stored = nearestSet(python.release);
  const isSame = stored?.release === python.release;
  const comparable = stored?.names.filter((name) => isSame || (names.includes(name) && !GROWING.has(name))) ?? [];

  test('at least 60 files were written', () => {
    expect(names.length).toBeGreaterThanOrEqual(60);
  });

  test.each(names)('%s → as torch reads it', (name) => {
    expectAsTorchReads(folder, name);
    const { checkpoint } = readGolden(folder, name);
    if (checkpoint !== undefined) expectCheckpoint(folder, name, checkpoint);
  });

  test.skipIf(comparable.length === 0)(
    `what torch reads → ${isSame ? 'the stored JSON' : `the same values as in that of torch ${stored?.torch}`}`,
    () => {
      const part = isSame ? lasting : contentOf;
      for (const name of comparable) {
        const made = part(readGolden(folder, name));
        expect({ name, made }).toEqual({ name, made: part(readGolden(stored?.folder ?? '', name)) });
      }
    },
  );
});
