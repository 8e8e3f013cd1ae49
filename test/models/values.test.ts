// Values of the models through the whole workflow: a server, a worker and the Python sidecar, against rows that a
// straightforward forward gives from the same weights.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/checkpoint/index.ts';
import { goldenRows, largestDifference, type GoldenModel } from '../support/golden-rows.ts';
import { ModelPlace, rehearsal, serveModels, type ModelRuns } from '../support/model-runs.ts';
import { proteins, writeInput, type NamedSequence } from '../support/protein-inputs.ts';
import { contentOf, leftovers, sequence } from '../support/run-folder.ts';

const ESM: GoldenModel = {
  embedder: 'esm2-8m',
  randomInit: 7,
  tiny: { layers: 3, hidden: 40, heads: 4, intermediate: 96 },
};
const DNABERT: GoldenModel = {
  embedder: 'dnabert-s',
  randomInit: 7,
  tiny: { layers: 2, hidden: 768, heads: 12, intermediate: 160 },
};
/** Of float32 rows whose values are near 1. */
const TOLERANCE = 1e-5;

let runs: ModelRuns;

beforeAll(async () => {
  runs = await serveModels(['esm2-8m', 'esm2-3b', 'dnabert-s']);
});

afterAll(() => runs?.stop());

/** Lengths from 1 to `most` in an order that only looks random. */
function shuffledLengths(count: number, most: number): number[] {
  return Array.from({ length: count }, (_, at) => 1 + ((at * 7919) % most));
}

/** With some ambiguous letters. */
function nucleotides(lengths: readonly number[]): NamedSequence[] {
  return lengths.map((length, at) => {
    const letters = sequence(at + 1, length);
    return [`n_${at}`, at % 7 === 3 ? `${letters}NN${letters}R` : letters];
  });
}

async function expectGolden(file: string, records: readonly NamedSequence[], golden: Map<string, number[]>) {
  const { ids, rows } = await contentOf(file);
  expect(ids).toEqual(records.map(([id]) => id));
  expect(
    largestDifference(
      rows,
      ids.map((id) => golden.get(id)),
    ),
  ).toBeLessThanOrEqual(TOLERANCE);
}

describe('values, order and ids', () => {
  it('ESM-2, two files of shuffled lengths, many batches on the device → each row is that of its sequence alone', async () => {
    const at = new ModelPlace();
    const [a, b] = [proteins('a', shuffledLengths(150, 190)), proteins('b', shuffledLengths(60, 40))];
    writeInput(at.folder, 'a.faa', a);
    writeInput(at.folder, 'b.faa', b);
    const golden = goldenRows(ESM, join(at.folder, 'weights'), [...a, ...b]);
    const options = { ...rehearsal(ESM.tiny), seed: '7', tokenBudget: '700' };
    expect(await runs.run(at.asked('esm2-8m', options, { batchSize: 33 }))).toMatchObject({
      outcome: 'success',
      rows: 210,
    });
    await expectGolden(join(at.out, 'a_ESM2_8M.pt'), a, golden);
    await expectGolden(join(at.out, 'b_ESM2_8M.pt'), b, golden);
    expect(leftovers(at.out)).toEqual([]);
  });

  it('DNABERT-S → as the nucleotide kind, each row that of its sequence alone', async () => {
    const at = new ModelPlace();
    const records = nucleotides(shuffledLengths(90, 400));
    writeInput(at.folder, 'n.fa', records);
    const golden = goldenRows(DNABERT, join(at.folder, 'weights'), records);
    const options = { ...rehearsal(DNABERT.tiny), seed: '7', tokenBudget: '900' };
    expect(await runs.run(at.asked('dnabert-s', options))).toMatchObject({ outcome: 'success', rows: 90 });
    await expectGolden(join(at.out, 'n_DNABERT_S.pt'), records, golden);
    expect(at.json('run.json')).toMatchObject({
      embedders: {
        'dnabert-s': { fingerprint: { weights: 'random-init', pooling: 'mean-all-tokens', dtype: 'float32' } },
      },
    });
  });

  it('ESM-2 3B, cut down to one layer → as the protein kind', async () => {
    const at = new ModelPlace();
    const records = proteins('a', [40, 3, 17]);
    writeInput(at.folder, 'a.faa', records);
    const tiny = { layers: 1, heads: 8, intermediate: 32 };
    const golden = goldenRows({ embedder: 'esm2-3b', randomInit: 7, tiny }, join(at.folder, 'weights'), records);
    const options = { ...rehearsal(tiny), seed: '7' };
    expect(await runs.run(at.asked('esm2-3b', options))).toMatchObject({ outcome: 'success', rows: 3 });
    await expectGolden(join(at.out, 'a_ESM.pt'), records, golden);
    const checkpoint = await openCheckpoint(join(at.out, 'a_ESM.pt'));
    expect([checkpoint.kind, checkpoint.dim]).toEqual(['protein', 2560]);
    checkpoint.close();
  });

  it('one embedder after another of the same name, with other weights → each its own rows', async () => {
    const records = proteins('a', [30, 4]);
    for (const seed of [7, 8]) {
      const at = new ModelPlace();
      writeInput(at.folder, 'a.faa', records);
      const golden = goldenRows({ ...ESM, randomInit: seed }, join(at.folder, 'weights'), records);
      await runs.run(at.asked('esm2-8m', { ...rehearsal(ESM.tiny), seed: String(seed) }));
      await expectGolden(join(at.out, 'a_ESM2_8M.pt'), records, golden);
    }
  });
});

describe('weights from a folder', () => {
  it('of the published shape → their rows, bound by their digest; random ones do not mix with them', async () => {
    const at = new ModelPlace();
    const records = proteins('a', [3, 70, 20]);
    writeInput(at.folder, 'a.faa', records);
    const weights = join(at.folder, 'weights');
    const golden = goldenRows({ embedder: 'esm2-8m', randomInit: 3 }, weights, records);
    expect(await runs.run(at.asked('esm2-8m', { weights }))).toMatchObject({ outcome: 'success', rows: 3 });
    await expectGolden(join(at.out, 'a_ESM2_8M.pt'), records, golden);
    const { embedders } = at.json('run.json') as {
      embedders: Record<string, { fingerprint: Record<string, unknown> }>;
    };
    expect(embedders['esm2-8m']?.fingerprint).toMatchObject({
      weights: 'trained',
      dtype: 'float32',
      weightsDigest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/u),
    });
    expect(await runs.run(at.asked('esm2-8m', { randomInit: 'true', seed: '3' }))).toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('weights: trained in run.json, random-init now'),
    });
    writeInput(at.folder, 'b.faa', proteins('b', [9]));
    goldenRows({ embedder: 'esm2-8m', randomInit: 4 }, weights, []);
    const worn = { weights: `${weights}/` };
    expect(await runs.run(at.asked('esm2-8m', worn))).toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/differs in weightsDigest: sha256:.*in run\.json, sha256:.*here/u),
    });
  });

  it.each([
    ['no folder', (folder: string) => `${folder}/nowhere`, /no weights for esm2-8m: .*nowhere/u],
    ['an empty folder', (folder: string) => folder, /config\.json/u],
    ['a model of another size', otherSize, /does not describe facebook\/esm2_t6_8M_UR50D/u],
    [
      'what is not in the cache',
      () => 'nobody/nothing',
      /no weights for esm2-8m: nobody\/nothing is not in .*--random-init/u,
    ],
  ])('%s → the file fails, saying what to do', async (_, make, message) => {
    const at = new ModelPlace();
    const records = proteins('a', [3]);
    writeInput(at.folder, 'a.faa', records);
    const outcome = await runs.run(at.asked('esm2-8m', { weights: make(at.folder) }));
    expect(outcome).toMatchObject({ outcome: 'partial', failed: 1 });
    expect(at.listed('failed_files.txt')[0]?.[2]).toMatch(message);
  });
});

function otherSize(folder: string): string {
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ model_type: 'esm', hidden_size: 640 }));
  return folder;
}
