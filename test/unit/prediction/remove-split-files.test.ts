import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { removeSplitFiles } from '../../../src/prediction/remove-split-files.ts';
import { storePredictionRequest, type PredictionRequest } from '../../../src/prediction/request.ts';
import { writeStageRecord, type RecordedOutput } from '../../../src/prediction/stage-record.ts';
import { predictionScene, type PredictionScene } from '../../support/prediction-scene.ts';

const SUCCESS = { outcome: 'success' } as const;
const LIVE = new AbortController().signal;
const TEXT = '>a\nACGT\n';

/** A prediction with two split files on each side, the second of them found where `kept`. */
async function splitScene(more: Partial<PredictionRequest> = {}, change: (output: RecordedOutput) => void = () => {}) {
  const scene = await predictionScene(more);
  const names = (['nucleotide', 'protein'] as const).flatMap((side) => [1, 2].map((at) => scene.paths.split(side, at)));
  for (const side of ['nucleotide', 'protein'] as const) mkdirSync(scene.file(scene.paths.side(side)));
  for (const name of names) writeFileSync(scene.file(name), TEXT);
  writeFileSync(scene.file(scene.paths.checkpoint('protein', 1)), 'checkpoint');
  const outputs = names.map(recorded);
  for (const output of outputs) change(output);
  await writeRecord(scene, outputs);
  const digest = await storePredictionRequest(scene.directory, scene.request);
  const present = () => names.filter((name) => existsSync(scene.file(name)));
  return { scene, names, digest, present };
}

function recorded(path: string): RecordedOutput {
  return { path, bytes: TEXT.length, sha256: createHash('sha256').update(TEXT).digest('hex') };
}

function writeRecord(scene: PredictionScene, outputs: RecordedOutput[]) {
  return writeStageRecord(scene, { stage: 'splitting', of: {}, outputs, facts: {}, startedAt: new Date() });
}

describe('removeSplitFiles', () => {
  it('a success → the files that were written are gone, checkpoints stay', async () => {
    const { scene, digest, present } = await splitScene();
    expect(await removeSplitFiles(scene.directory, digest, SUCCESS, LIVE)).toBe(4);
    expect(present()).toEqual([]);
    expect(existsSync(scene.file(scene.paths.checkpoint('protein', 1)))).toBe(true);
    expect(await removeSplitFiles(scene.directory, digest, SUCCESS, LIVE)).toBe(0);
  });

  it('files that were found → stay', async () => {
    const keep = (output: RecordedOutput) => Object.assign(output, output.path.includes('_1') ? {} : { kept: true });
    const { scene, digest, present, names } = await splitScene({}, keep);
    expect(await removeSplitFiles(scene.directory, digest, SUCCESS, LIVE)).toBe(2);
    expect(present()).toEqual(names.filter((name) => name.includes('_2')));
  });

  it('any other outcome, or --keep-intermediate → all stay', async () => {
    for (const outcome of ['partial', 'failed', 'cancelled', 'checkpoint'] as const) {
      const { scene, digest, present } = await splitScene();
      expect(await removeSplitFiles(scene.directory, digest, { outcome }, LIVE)).toBe(0);
      expect(present()).toHaveLength(4);
    }
    const { scene, digest, present } = await splitScene({ keepIntermediate: true });
    expect(await removeSplitFiles(scene.directory, digest, SUCCESS, LIVE)).toBe(0);
    expect(present()).toHaveLength(4);
  });

  it('a file of another content under the name, or one that is no split file → stays; a record of files elsewhere → none is removed', async () => {
    const { scene, digest, names } = await splitScene();
    const other = TEXT.replace('A', 'T');
    writeFileSync(scene.file(names[0]!), other);
    writeFileSync(scene.file('in_nucleotide.fa'), TEXT);
    writeFileSync(scene.file('in_protein/mine.fa'), TEXT);
    const outputs = [...names, 'in_nucleotide.fa', 'in_protein/mine.fa'].map(recorded);
    await writeRecord(scene, [...outputs, recorded('../x/output_1.fa')]);
    expect(await removeSplitFiles(scene.directory, digest, SUCCESS, LIVE)).toBe(0);
    await writeRecord(scene, outputs);
    expect(await removeSplitFiles(scene.directory, digest, SUCCESS, LIVE)).toBe(3);
    expect(readFileSync(scene.file(names[0]!), 'utf8')).toBe(other);
    expect(existsSync(scene.file('in_nucleotide.fa')) && existsSync(scene.file('in_protein/mine.fa'))).toBe(true);
  });
});
