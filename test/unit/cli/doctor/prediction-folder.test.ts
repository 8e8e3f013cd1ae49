import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkCheckpoints } from '../../../../src/cli/doctor/checkpoints.ts';
import { checkLeftovers } from '../../../../src/cli/doctor/leftovers.ts';
import { boundEmbedders, checkpointFolders, describePrediction } from '../../../../src/cli/doctor/prediction-folder.ts';
import type { RunManifest } from '../../../../src/run/manifest.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const PREDICTION = {
  classifier: { sha256: 'c0ffee0123456789' },
  nucleotide: { embedder: 'dnabert-s', fingerprint: { dim: 768 } },
  protein: { embedder: 'esm2-3b', fingerprint: { dim: 2560 } },
};
const RUN: RunManifest = {
  ...{ schema: 1, runId: 'r', createdAt: 'then', settings: { chunkLength: 500, sequencesPerFile: 10 } },
  embedders: {},
  inputs: { a: { sha256: '', windows: 1 }, b: { sha256: '', windows: 1 } },
};
const MANIFEST: RunManifest = { ...RUN, prediction: PREDICTION };

it('boundEmbedders → of a prediction those of both sides, of a run its own', () => {
  expect(Object.keys(boundEmbedders(MANIFEST))).toEqual(['dnabert-s', 'esm2-3b']);
  const embedders = { kmer: { fingerprint: {} } };
  expect(boundEmbedders({ ...RUN, embedders })).toEqual(embedders);
});

describe('checkpointFolders', () => {
  it('a run → the folder itself; a prediction → sides and merged rows of each input', () => {
    expect(checkpointFolders(undefined)).toEqual(['']);
    expect(checkpointFolders(RUN)).toEqual(['']);
    const of = (stem: string) => [`${stem}_nucleotide`, `${stem}_protein`, `${stem}_merged`];
    expect(checkpointFolders(MANIFEST)).toEqual([...of('a'), ...of('b')]);
  });

  it('→ in which checkpoints and leftovers are looked for', async () => {
    const folder = await temporaryFolder();
    mkdirSync(join(folder, 'a_nucleotide', '.virnucpro', 'spool', 'task'), { recursive: true });
    writeFileSync(join(folder, 'a_nucleotide', 'output_1_DNABERT_S.pt'), '');
    writeFileSync(join(folder, 'a_nucleotide', '.output_2_DNABERT_S.pt.1.tmp'), '');
    writeFileSync(join(folder, '.a_protein.faa.1.tmp'), '');
    const inside = checkpointFolders(MANIFEST);
    const todo = `virnucpro validate-checkpoints ${folder} --recursive looks at all of them; predict --on-bad-checkpoint`;
    expect(await checkCheckpoints(folder, inside)).toMatchObject([
      {
        message: expect.stringContaining('1 checkpoint, 1 looked at, 1 bad'),
        todo: expect.stringContaining(todo),
      },
    ]);
    expect((await checkLeftovers(folder, inside)).map(({ message }) => message.split(',')[0])).toEqual([
      '2 temporary files',
      'rows of 1 unfinished file',
    ]);
  });
});

describe('describePrediction', () => {
  it('results of one input of two → said, and what goes on with it; of both → well', async () => {
    const folder = await temporaryFolder();
    const add = (stem: string) => {
      mkdirSync(join(folder, `${stem}_merged`));
      writeFileSync(join(folder, `${stem}_merged`, 'prediction_results_contigs.tsv'), '');
    };
    add('a');
    expect(await describePrediction(folder, MANIFEST, PREDICTION)).toMatchObject([
      { check: 'run', message: 'prediction r of then: 2 inputs, dnabert-s and esm2-3b, classifier c0ffee012345' },
      { check: 'plan', status: 'info', message: '1/2 inputs have all results', todo: expect.any(String) },
    ]);
    add('b');
    expect((await describePrediction(folder, MANIFEST, PREDICTION))[1]).toMatchObject({ status: 'ok' });
  });
});
