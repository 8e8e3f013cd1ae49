import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compareWithPython } from '../fuzz/differential.ts';
import { loadSeeds } from '../fuzz/seeds.ts';
import { torchPythons } from '../support/torch-python.ts';

const script = fileURLToPath(new URL('./parser_differential.py', import.meta.url));
const seeds = await loadSeeds(fileURLToPath(new URL('../fixtures', import.meta.url)));
const pythons = torchPythons('parser-differential');

// `npm run fuzz -- --differential` does the same with more of them.
describe.skipIf(pythons.length === 0)('500 mutated archives', () => {
  test.each(pythons)(
    'accepted here → every record as in zipfile, every value as in torch $version, if it loads',
    (python) => {
      const { accepted, refusedByTorch, differences } = compareWithPython(python, script, {
        seed: 20,
        start: 0,
        count: 500,
        seeds,
      });
      expect(differences).toEqual([]);
      expect(accepted).toBeGreaterThan(80);
      const refused = [...refusedByTorch.values()].reduce((sum, count) => sum + count, 0);
      expect(refused).toBeLessThan(accepted / 2);
    },
  );
});
