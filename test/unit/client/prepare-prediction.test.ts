import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { preparePrediction, type PredictionOptions } from '../../../src/client/prepare-prediction.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { openManifest, replaceManifest } from '../../../src/run/manifest.ts';
import { writeRandomClassifier } from '../../support/classifier-model.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function options(files = 1, more: Partial<PredictionOptions> = {}): Promise<PredictionOptions> {
  const folder = await temporaryFolder();
  mkdirSync(join(folder, 'in'));
  const inputs = Array.from({ length: files }, (_, at) => join(folder, 'in', `${at}.fa`));
  for (const input of inputs) writeFileSync(input, '>x\nACGT\n');
  const model = join(folder, '500_model.safetensors');
  writeRandomClassifier(model, { seed: 1, hidden: 4 });
  return { directory: join(folder, 'out'), inputs, model, ...more };
}

describe('preparePrediction', () => {
  it('a new folder → run.json, and an id made of its UUID; the same again, with other tuning → the same digest', async () => {
    const asked = await options();
    const { workflowId, input, digest } = await preparePrediction(asked);
    const { runId } = JSON.parse(readFileSync(join(asked.directory, 'run.json'), 'utf8')) as { runId: string };
    expect(workflowId).toBe(`virnucpro-${runId.replaceAll('-', '').slice(0, 12)}`);
    expect(input).toEqual({ contract: 1, ...asked, runId });
    const again = await preparePrediction({ ...asked, tuning: { openInputs: 1 } });
    expect([again.workflowId, again.digest]).toEqual([workflowId, digest]);
  });

  it('defaults and what they stand for → one digest; another embedder, length or model → others', async () => {
    const asked = await options();
    const { digest } = await preparePrediction(asked);
    const named = { nucleotideEmbedder: { name: 'dnabert-s', options: {} }, proteinEmbedder: { name: 'esm2-3b' } };
    expect((await preparePrediction({ ...asked, ...named })).digest).toEqual(digest);
    const otherModel = `${asked.model}.other.safetensors`;
    copyFileSync(asked.model, otherModel);
    const others: Partial<PredictionOptions>[] = [
      { proteinEmbedder: { name: 'esm2-3b', options: { randomInit: 'true' } } },
      { expectedLength: 300 },
      { model: otherModel },
      { onBadCheckpoint: 'recompute' },
      { keepIntermediate: true },
    ];
    for (const other of others) {
      const changed = (await preparePrediction({ ...asked, ...other })).digest;
      expect(Object.keys(digest).filter((key) => digest[key] !== changed[key])).toHaveLength(1);
    }
  });

  it('more than 100 inputs → a file in the folder instead', async () => {
    const asked = await options(101);
    const { input } = await preparePrediction(asked);
    expect(input).not.toHaveProperty('inputs');
    expect(readFileSync(join(asked.directory, input.inputsFile!), 'utf8').split('\n')).toHaveLength(102);
  });

  it.each([
    ['embedders that do not give 3,328 values together', { proteinEmbedder: { name: 'fake' } }, 'expected 3328'],
    ['an embedder of proteins for nucleotides', { nucleotideEmbedder: { name: 'esm2-3b' } }, 'takes proteins'],
    ['an embedder that there is not', { proteinEmbedder: { name: 'esm9' } }, 'unknown embedder "esm9"'],
    ['a relative path of the model', { model: 'model.pth' }, 'expected an absolute path'],
    ['an input that is not there', { inputs: ['/nowhere/a.fa'] }, '/nowhere/a.fa'],
    ['a model that is not there', { model: '/nowhere/500_model.pth' }, '/nowhere/500_model.pth: no such file'],
  ])('%s → refused, nothing is made', async (_, more, message) => {
    const asked = await options(1, more);
    await expect(preparePrediction(asked)).rejects.toMatchObject({
      type: FailureType.RunInvalidInput,
      message: expect.stringContaining(message),
    });
    expect(existsSync(asked.directory)).toBe(false);
  });

  it('a classifier of other dimensions → incompatible, nothing is made', async () => {
    const asked = await options();
    writeRandomClassifier(asked.model, { seed: 1, features: 768, hidden: 4 });
    await expect(preparePrediction(asked)).rejects.toMatchObject({
      type: FailureType.CheckpointIncompatible,
      message: expect.stringContaining('expected a classifier of 3328 features and 2 classes, got 768 and 2'),
    });
    expect(existsSync(asked.directory)).toBe(false);
  });

  it('a folder with the checkpoints of an embedding run → incompatible', async () => {
    const asked = await options();
    const manifest = await openManifest(asked.directory);
    const settings = { chunkLength: null, sequencesPerFile: 10_000 };
    await replaceManifest(asked.directory, { ...manifest, settings });
    await expect(preparePrediction(asked)).rejects.toThrow('holds the embeddings of a run without prediction');
  });
});
