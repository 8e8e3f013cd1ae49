import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PredictFlags } from '../../../../src/cli/predict/predict-flags.ts';
import { outputFolder, predictionOptions } from '../../../../src/cli/predict/prediction-options.ts';
import { FailureType } from '../../../../src/contract/failure-types.ts';

const FLAGS: PredictFlags = {
  model: '500_model.pth',
  nucleotideEmbedder: 'dnabert-s',
  proteinEmbedder: 'esm2-3b',
  nucleotideOption: [],
  proteinOption: [],
  progress: true,
};

const invalid = (message: string) =>
  expect.objectContaining({ type: FailureType.RunInvalidInput, message: expect.stringContaining(message) });

describe('outputFolder', () => {
  it.each([
    ['contigs.fa', 'contigs_predictions'],
    ['data/contigs.fasta.gz', 'contigs_predictions'],
    ['folder/', 'folder_predictions'],
    ['/data/a.b.fna', 'a.b_predictions'],
  ])('%s → %s, beside the working directory', (input, folder) => {
    expect(outputFolder([input], FLAGS)).toBe(folder);
  });

  it('--out, or --output-dir → that', () => {
    expect(outputFolder(['a.fa', '-'], { ...FLAGS, out: 'p' })).toBe('p');
    expect(outputFolder(['a.fa', '-'], { ...FLAGS, outputDir: 'p' })).toBe('p');
  });

  it('two inputs, stdin, or two folders → refused, saying what to name', () => {
    expect(() => outputFolder(['a.fa', 'b.fa'], FLAGS)).toThrow(invalid('2 inputs: name the output folder with --out'));
    expect(() => outputFolder(['-'], FLAGS)).toThrow(invalid('name it with --out'));
    expect(() => outputFolder(['a.fa'], { ...FLAGS, out: 'p', outputDir: 'q' })).toThrow(invalid('give one of them'));
  });
});

describe('predictionOptions', () => {
  it('paths → absolute; what was not said is absent', () => {
    expect(predictionOptions(['a.fa'], 'p', FLAGS)).toEqual({
      directory: resolve('p'),
      inputs: [resolve('a.fa')],
      model: resolve('500_model.pth'),
      nucleotideEmbedder: { name: 'dnabert-s', options: {} },
      proteinEmbedder: { name: 'esm2-3b', options: {} },
    });
  });

  it('options → those of their side, although both sides have one embedder', () => {
    const flags = { ...FLAGS, nucleotideEmbedder: 'fake', proteinEmbedder: 'fake' };
    const asked = { ...flags, nucleotideOption: ['dim=768'], proteinOption: ['fake:dim=2560', 'delayMs=3'] };
    expect(predictionOptions(['a.fa'], 'p', asked)).toMatchObject({
      nucleotideEmbedder: { name: 'fake', options: { dim: '768' } },
      proteinEmbedder: { name: 'fake', options: { dim: '2560', delayMs: '3' } },
    });
  });

  it('an option that is none → refused, naming the flag', () => {
    expect(() => predictionOptions(['a'], 'p', { ...FLAGS, proteinOption: ['dim'] })).toThrow(
      invalid('--protein-option dim: expected'),
    );
  });

  it.each([
    ['nucleotideOption', 'embedder "esm2-8m" is not asked for with --nucleotide-embedder (dnabert-s)'],
    ['proteinOption', 'embedder "esm2-8m" is not asked for with --protein-embedder (esm2-3b)'],
  ])('%s of another embedder → refused, naming the flag that names embedders', (flag, message) => {
    const asked = { ...FLAGS, [flag]: ['esm2-8m:x=1'] };
    expect(() => predictionOptions(['a.fa'], 'p', asked)).toThrow(invalid(`esm2-8m:x=1: ${message}`));
  });

  it('--random-init → both models; without a model → refused', () => {
    expect(predictionOptions(['a'], 'p', { ...FLAGS, randomInit: true })).toMatchObject({
      nucleotideEmbedder: { options: { randomInit: 'true' } },
      proteinEmbedder: { options: { randomInit: 'true' } },
    });
    const fakes = { ...FLAGS, nucleotideEmbedder: 'fake', proteinEmbedder: 'fake', randomInit: true };
    expect(() => predictionOptions(['a'], 'p', fakes)).toThrow(invalid('--nucleotide-embedder or --protein-embedder'));
  });

  it('the other flags → passed on; --force-resume → skip', () => {
    const more = { expectedLength: 300, keepIntermediate: true, sequencesPerFile: 7, batchSize: 3, recursive: true };
    const modes = { onBadSequence: 'skip', skipCheckpointValidation: true } as const;
    const asked = { ...FLAGS, ...more, ...modes, forceResume: true };
    expect(predictionOptions(['a'], 'p', asked)).toMatchObject({ ...more, ...modes, onBadCheckpoint: 'skip' });
  });
});
