import { existsSync } from 'node:fs';
import { cp, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runStages, stageScene, type StageScene } from '../../support/stage-scene.ts';

const REFERENCE = fileURLToPath(new URL('../../../../shared/data/reference-v0/', import.meta.url));
const STEM = 'test_fixed_500bp';
const GOLDENS = {
  [`${STEM}_chunked500.fa`]: 'test_fixed_500bp_chunked500.fa',
  [`${STEM}_nucleotide.fa`]: 'test_fixed_500bp_identified_nucleotide.fa',
  [`${STEM}_protein.faa`]: 'test_fixed_500bp_identified_protein.faa',
};

if (!existsSync(REFERENCE)) process.stderr.write('SKIPPED files of the Python reference: no ../shared/data\n');

async function referenceScene(): Promise<StageScene> {
  return stageScene(await readFile(`${REFERENCE}test_fixed_500bp.fa`), { stem: STEM });
}

describe.skipIf(!existsSync(REFERENCE))('files of the Python reference (only where ../shared/data exists)', () => {
  it.each(Object.entries(GOLDENS))('its input → %s byte for byte', async (name, golden) => {
    const scene = await referenceScene();
    await runStages(scene);
    expect(await scene.read(name)).toBe(await readFile(`${REFERENCE}${golden}`, 'latin1'));
  });

  it('its input → split files that hold the same bytes once more', async () => {
    const scene = await referenceScene();
    const { splitting } = await runStages(scene);
    expect(splitting).toMatchObject({ outcome: 'written', parts: 1 });
    for (const side of ['nucleotide', 'protein'] as const) {
      expect(await scene.read(scene.paths.split(side, 1))).toBe(await scene.read(scene.paths[side]));
    }
  });

  it('its files in place, no record → all found and left as they are', async () => {
    const scene = await referenceScene();
    for (const [name, golden] of Object.entries(GOLDENS)) await cp(REFERENCE + golden, scene.file(name));
    const { chunking, translating } = await runStages(scene);
    expect([chunking.outcome, translating.outcome]).toEqual(['found', 'found']);
    expect((await scene.record('translating'))?.outputs).toMatchObject([{ kept: true }, { kept: true }]);
  });
});
