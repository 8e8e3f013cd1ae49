import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { preparePrediction, type PredictionOptions } from '../../../src/client/prepare-prediction.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

async function options(files = 1, more: Partial<PredictionOptions> = {}): Promise<PredictionOptions> {
  const folder = await temporaryFolder();
  mkdirSync(join(folder, 'in'));
  const inputs = Array.from({ length: files }, (_, at) => join(folder, 'in', `${at}.fa`));
  for (const input of inputs) writeFileSync(input, '>x\nACGT\n');
  return { directory: join(folder, 'out'), inputs, model: join(folder, '500_model.pth'), ...more };
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
    const others: Partial<PredictionOptions>[] = [
      { proteinEmbedder: { name: 'esm2-3b', options: { randomInit: 'true' } } },
      { expectedLength: 300 },
      { model: '/other.pth' },
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
  ])('%s → refused, nothing is made', async (_, more, message) => {
    const asked = await options(1, more);
    await expect(preparePrediction(asked)).rejects.toMatchObject({
      type: FailureType.RunInvalidInput,
      message: expect.stringContaining(message),
    });
    expect(existsSync(asked.directory)).toBe(false);
  });
});
