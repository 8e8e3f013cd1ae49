import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import { settleStage } from '../../../src/prediction/settle-stage.ts';
import { readStageRecord, writeStageRecord } from '../../../src/prediction/stage-record.ts';
import { moveSuperseded } from '../../../src/prediction/superseded.ts';
import { predictionScene, type PredictionScene } from '../../support/prediction-scene.ts';

const CONTENT = 'precious';

/** A record of the classification that names a file, and how long it is. */
async function recordNaming(scene: PredictionScene, name: string, bytes = CONTENT.length): Promise<void> {
  const sha256 = createHash('sha256').update(CONTENT).digest('hex');
  const outputs = [{ path: name, bytes, sha256 }];
  const work = { stage: 'classifying', of: { merged: 'A' }, facts: {} } as const;
  await writeStageRecord(scene, { ...work, outputs, startedAt: new Date() });
}

describe('readStageRecord', () => {
  it.each([
    '../victim',
    '/victim',
    'in_merged/../../victim',
    'in_merged/./victim',
    'in_merged//victim',
    'in_merged/victim/',
    'in_merged/vic\0tim',
    'in_nucleotide/.virnucpro/owner.json',
    '.virnucpro/owner.json',
    'run.json',
    '',
  ])('an output %j → reads as none', async (name) => {
    const scene = await predictionScene();
    await recordNaming(scene, name);
    expect(await readStageRecord(scene, 'classifying')).toBeUndefined();
  });

  it.each(['in_merged/prediction_results.txt', 'in_chunked500.fa', 'in_a..b'])('an output %j → reads', async (name) => {
    const scene = await predictionScene();
    await recordNaming(scene, name);
    expect((await readStageRecord(scene, 'classifying'))?.outputs[0]?.path).toBe(name);
  });

  it('names a file beside DIR, as it is or changed → neither superseded nor set aside', async () => {
    const scene = await predictionScene({ onBadCheckpoint: 'recompute' });
    const directory = path.join(scene.directory, 'out');
    const inside = { ...scene, directory, file: (name: string) => path.join(directory, name) };
    mkdirSync(directory);
    writeFileSync(scene.file('victim'), CONTENT);
    await recordNaming(inside, '../victim');
    await moveSuperseded(inside, 'classifying', { merged: 'B' });
    await recordNaming(inside, '../victim', 1);
    await settleStage(inside, { stage: 'classifying', of: { merged: 'A' }, make: () => Promise.resolve({}) });
    expect(readFileSync(scene.file('victim'), 'utf8')).toBe(CONTENT);
    expect(readdirSync(scene.directory).toSorted()).toEqual(['out', 'victim']);
  });
});
