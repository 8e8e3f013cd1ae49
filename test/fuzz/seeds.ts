import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { memorySource, readArchive } from '../../src/torch/index.ts';
import type { ZipRecord } from '../support/build-zip.ts';
import { sample, written } from '../support/torch-samples.ts';

/** A sound `.pt` file taken apart. */
export interface Seed {
  readonly pickle: Buffer;
  /** All records, the pickle's included, in file order. */
  readonly records: readonly ZipRecord[];
}

/** Larger files would only make every input slow. */
const MAX_SEED_BYTES = 24 << 10;

function takeApart(bytes: Buffer): Seed | undefined {
  const { records, byName } = readArchive(memorySource(bytes));
  const pickle = byName.get('data.pkl');
  if (pickle === undefined) return undefined;
  const content = (at: number, size: number): Buffer => bytes.subarray(at, at + size);
  return {
    pickle: content(pickle.dataOffset, pickle.size),
    records: records.map(({ name, dataOffset, size }) => ({ name, content: content(dataOffset, size) })),
  };
}

function fixtureFiles(folder: string): Buffer[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.pt'));
  const paths = names.toSorted().map((name) => join(folder, name));
  return paths.filter((path) => statSync(path).size <= MAX_SEED_BYTES).map((path) => readFileSync(path));
}

function isOurDialect(bytes: Buffer): boolean {
  try {
    readArchive(memorySource(bytes));
    return true;
  } catch {
    return false;
  }
}

/**
 * Sound files to start from: the kinds that this package writes, and small files that torch wrote.
 *
 * @param folder searched for `.pt` files, those below included
 */
export async function loadSeeds(folder: string): Promise<readonly Seed[]> {
  const ours = await Promise.all(
    (['nucleotide', 'protein', 'merged'] as const).map((kind) => written(sample(kind, { rows: 12 }))),
  );
  const files = [...ours.map(({ bytes }) => bytes), ...fixtureFiles(folder).filter(isOurDialect)];
  return files.map(takeApart).filter((seed) => seed !== undefined);
}
