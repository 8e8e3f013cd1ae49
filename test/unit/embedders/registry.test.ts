import { describe, expect, test } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { EMBEDDERS, embedderFactory } from '../../../src/embedders/index.ts';

describe('embedderFactory', () => {
  test.each(EMBEDDERS.map(({ name }) => name))('%s → its factory', (name) => {
    const factory = embedderFactory(name);
    const description = factory.describe({}, 'nucleotide');
    expect(description).toMatchObject({ name, batchSize: factory.isModel === true ? 1024 : 32 });
    expect(description.suffix).toMatch(/^_[A-Z0-9_]+\.pt$/u);
    expect(factory.slots).toBe(factory.isModel === true ? 2 : 8);
  });

  test('unknown name → refused, listing the known ones', () => {
    expect(() => embedderFactory('esm')).toThrow(
      expect.objectContaining({
        type: FailureType.RunInvalidInput,
        message:
          'unknown embedder "esm"; this version has kmer, fake, esm2-3b, esm2-650m, esm2-150m, esm2-8m, dnabert-s',
      }),
    );
  });
});
