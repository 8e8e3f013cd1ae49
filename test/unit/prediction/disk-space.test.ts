import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { lackingBytes, requireSpaceForInput } from '../../../src/prediction/disk-space.ts';
import { predictionScene } from '../../support/prediction-scene.ts';

const VALUES = { nucleotide: 768 * 9, protein: 2560 * 4, merged: 3328 * 4 };
const ALL = VALUES.nucleotide + VALUES.protein + VALUES.merged;

describe('lackingBytes', () => {
  it('nothing is there → checkpoints of both sides and merged ones, and a little more', async () => {
    const scene = await predictionScene({ sequencesPerFile: 100 });
    const bytes = await lackingBytes(scene, 250);
    expect(bytes).toBeGreaterThan(250 * ALL);
    expect(bytes).toBeLessThan(1.05 * 250 * ALL);
  });

  it('checkpoints that are there → not counted, of the last part by its rows', async () => {
    const scene = await predictionScene({ sequencesPerFile: 100 });
    const all = await lackingBytes(scene, 250);
    const { side, checkpoint } = scene.paths;
    mkdirSync(scene.file(side('protein')), { recursive: true });
    writeFileSync(scene.file(checkpoint('protein', 3)), '');
    const saved = all - (await lackingBytes(scene, 250));
    expect(saved).toBeGreaterThanOrEqual(50 * VALUES.protein);
    expect(saved).toBeLessThan(60 * VALUES.protein);
  });
});

describe('requireSpaceForInput', () => {
  it('room enough → nothing; more than any disk has → RunError.InvalidInput naming input and numbers', async () => {
    const scene = await predictionScene({ sequencesPerFile: 1e12 });
    await requireSpaceForInput(scene, 10);
    await expect(requireSpaceForInput(scene, 1e12)).rejects.toMatchObject({
      type: FailureType.RunInvalidInput,
      message: expect.stringMatching(
        /the 1000000000000 sequences of in needs about [\d.]+ MB, [\d.]+ MB are free; .* what is done is kept$/u,
      ),
    });
  });
});
