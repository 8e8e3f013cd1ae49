import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Random } from '../../fuzz/random.ts';
import { runStages, stageScene } from '../../support/stage-scene.ts';

const SCRIPT = fileURLToPath(new URL('../../support/prediction_stages.py', import.meta.url));
const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython) process.stderr.write('SKIPPED comparison of the first stages with Python: no python3\n');

const ALPHABETS = {
  'A, C, G, T': 'ACGT',
  // Without them a chunk would seldom be free of stops: this is what lets long frames through.
  'few stops': 'CCCGGGACGT',
  'lower case': 'acgtACGTcg',
  'N and IUPAC codes': 'ACGTCGCGNRYKMSWBDHVnryk',
  'N only': 'N',
};

/** Lengths around those at which something changes, and others. */
function lengthsFor(random: Random): number[] {
  const telling = [0, 1, 2, 3, 4, 5, 59, 60, 61, 120, 299, 300, 301, 499, 500, 501, 599, 600, 700, 999, 1000, 1001];
  return [...telling, ...Array.from({ length: 40 }, () => random.below(2001))];
}

function fasta(random: Random, alphabet: string): string {
  const records = lengthsFor(random).map((length, index) => {
    const letters = Array.from({ length }, () => alphabet[random.below(alphabet.length)]).join('');
    const lines = letters.match(/.{1,70}/gu)?.join('\n') ?? '';
    return `>${alphabet.length}.${index} some description\n${lines}\n`;
  });
  return records.join('');
}

describe.skipIf(!hasPython)('the first stages, written down a second time in Python (where there is python3)', () => {
  const cases = Object.entries(ALPHABETS).flatMap(([name, alphabet], seed) =>
    [300, 500].map((expectedLength) => ({ name, alphabet, seed, expectedLength })),
  );
  it.each(cases)('$name, chunks of $expectedLength → the same bytes', async ({ alphabet, seed, expectedLength }) => {
    const scene = await stageScene(fasta(new Random(seed, expectedLength), alphabet), { expectedLength });
    const { translating } = await runStages(scene);
    const python = mkdtempSync(join(tmpdir(), 'virnucpro-python-'));
    try {
      const source = join(scene.request.inputRoot, scene.input.path);
      execFileSync('python3', [SCRIPT, source, String(expectedLength), scene.input.stem, python]);
      for (const name of [scene.paths.chunked, scene.paths.nucleotide, scene.paths.protein]) {
        expect({ name, text: await scene.read(name) }).toEqual({
          name,
          text: readFileSync(join(python, name), 'latin1'),
        });
      }
    } finally {
      rmSync(python, { recursive: true });
    }
    expect(translating.sequences > 0).toBe(alphabet !== 'N');
  });
});
