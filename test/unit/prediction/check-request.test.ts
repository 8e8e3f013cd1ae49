import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import type { PredictVirusInput } from '../../../src/contract/prediction.ts';
import type { EmbeddingRunInput } from '../../../src/contract/run-request.ts';
import { checkPredictionRequest } from '../../../src/prediction/check-request.ts';
import { expectedLengthOf } from '../../../src/prediction/expected-length.ts';
import { loadPredictionRequest, storePredictionRequest } from '../../../src/prediction/request.ts';
import { checkRequest } from '../../../src/run/compatibility.ts';
import type { RunManifest } from '../../../src/run/manifest.ts';
import {
  forgedStateDict,
  randomClassifier,
  safetensorsOf,
  torchFileWithoutCrcs,
} from '../../support/classifier-model.ts';
import { UNBOUND, writeModel } from '../../support/prediction-scene.ts';
import { sequence } from '../../support/run-folder.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const LIVE = new AbortController().signal;
const DNA = `>c\n${sequence(1, 1200)}\n`;
const PROTEIN = `>p\n${'MKVLAAGIVGLCAKPWERTYHQNDFS'.repeat(4)}\n`;

type Files = Record<string, string | Uint8Array>;

async function asked(files: Files, more: Partial<PredictVirusInput> = {}): Promise<PredictVirusInput> {
  const folder = await temporaryFolder();
  mkdirSync(join(folder, 'in'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, 'in', name), content);
  const { model } = writeModel(folder);
  return { contract: 1, directory: join(folder, 'out'), inputs: [join(folder, 'in')], model, ...more };
}

const check = (input: PredictVirusInput, manifest = UNBOUND) => checkPredictionRequest(input, manifest, LIVE);

describe('checkPredictionRequest on a new folder', () => {
  it('accepted → inputs counted, defaults filled in, run.json bound; stored and loaded again', async () => {
    const input = await asked({ 'a.fa': DNA, 'b.fa.gz': gzipSync('>x\nacgtn\n>empty\n\n>y\nNNN\n') });
    const { request, manifest } = await check(input);
    expect(request).toMatchObject({
      schema: 1,
      inputs: [
        { path: 'a.fa', stem: 'a', gzip: false, contigs: 1, emptyContigs: 0, letters: 1200, chunks: 3 },
        { path: 'b.fa.gz', stem: 'b', gzip: true, contigs: 2, emptyContigs: 1, letters: 8, chunks: 2 },
      ],
      expectedLength: 500,
      sequencesPerFile: 10_000,
      classifier: { path: input.model, format: 'module', features: 3328, classes: 2 },
      nucleotide: {
        embedder: { name: 'dnabert-s', options: {}, taskQueue: 'virnucpro-gpu-dnabert-s' },
        ...{ dim: 768, kind: 'nucleotide', suffix: '_DNABERT_S.pt' },
      },
      protein: { embedder: { name: 'esm2-3b' }, dim: 2560, kind: 'protein', suffix: '_ESM.pt' },
      onBadCheckpoint: 'fail',
      onBadSequence: 'fail',
      skipCheckpointValidation: false,
      keepIntermediate: false,
      batchSize: null,
    });
    expect(request.notes).toEqual([expect.stringContaining('b.fa.gz: 1 record has no sequence and is left out')]);
    expect(manifest).toMatchObject({
      runId: UNBOUND.runId,
      settings: { chunkLength: 500, sequencesPerFile: 10_000 },
      inputs: { a: { windows: 3 }, b: { windows: 2 } },
      embedders: {},
      prediction: {
        classifier: { sha256: request.classifier.sha256 },
        nucleotide: { embedder: 'dnabert-s' },
        protein: { embedder: 'esm2-3b' },
      },
    });
    const digest = await storePredictionRequest(input.directory, request);
    expect(await loadPredictionRequest(input.directory, digest)).toEqual(request);
  });

  it('a classifier without CRCs → accepted, with a note', async () => {
    const input = await asked({ 'a.fa': DNA });
    writeFileSync(input.model, torchFileWithoutCrcs(forgedStateDict(randomClassifier({ seed: 1, hidden: 4 }))));
    expect((await check(input)).request.notes).toEqual([expect.stringContaining('500_model.pth has no CRCs: damage')]);
  });

  it('one embedder with other options for both sides → accepted', async () => {
    const fake = (dim: string) => ({ name: 'fake', options: { dim } });
    const input = await asked({ 'a.fa': DNA }, { nucleotideEmbedder: fake('768'), proteinEmbedder: fake('2560') });
    expect((await check(input)).request).toMatchObject({
      nucleotide: { dim: 768, kind: 'vectors', suffix: '_FAKE.pt' },
      protein: { dim: 2560 },
    });
  });

  it('a file with records but no letters → accepted, nothing to cut', async () => {
    const { request } = await check(await asked({ 'a.fa': '>a\n>b\n' }));
    expect(request.inputs).toMatchObject([{ contigs: 0, emptyContigs: 2, chunks: 0 }]);
  });

  it('the longest id → accepted', async () => {
    const { request } = await check(await asked({ 'a.fa': `>${'x'.repeat(4078)}\nACGT\n` }));
    expect(request.inputs).toMatchObject([{ contigs: 1 }]);
  });

  type Bad = [string, Files, Partial<PredictVirusInput>, RegExp];
  const bad: Bad[] = [
    [
      'proteins',
      { 'a.fa': DNA, 'p.faa': PROTEIN },
      {},
      /p\.faa: holds proteins .* a prediction starts from nucleotides/u,
    ],
    [
      'RNA',
      { 'a.fa': DNA, 'r.fa': `${DNA}>r full of U\nACG\nAUG\n>s\nUAA\n` },
      {},
      /^\S*in\/r\.fa:3: record "r" holds the letter U of RNA: .* sed '\/\^>\/!y\/Uu\/Tt\/' rna\.fa > dna\.fa$/u,
    ],
    [
      'RNA in lower case in gzip, and proteins',
      { 'a.fa.gz': gzipSync('>a\naug\n'), 'p.faa': PROTEIN },
      {},
      /a\.fa\.gz:1: record "a" holds the letter U.*\n.*p\.faa: holds proteins/u,
    ],
    ['two inputs of one stem', { 'a.fa': DNA, 'A.fasta': DNA }, {}, /would both be written to a_merged/iu],
    ['ids that occur twice', { 'a.fa': `${DNA}${DNA}` }, {}, /duplicate id "c"/u],
    [
      'an id too long for the ids of its frames',
      { 'a.fa': `${DNA}>${'x'.repeat(4079)} and more\nACGT\n` },
      {},
      /a\.fa:3: expected an id of at most 4078 bytes \(ids .* up to 18 bytes longer\), found a longer one/u,
    ],
    ['no FASTA', { 'a.fa': 'hello\n' }, {}, /a\.fa:1: expected FASTA/u],
    ['no file', { 'a.fa': DNA }, { inputs: ['/nowhere/x.fa'] }, /\/nowhere\/x\.fa: no such file/u],
    ['no model', { 'a.fa': DNA }, { model: '/nowhere/500_model.pth' }, /\/nowhere\/500_model\.pth/u],
    ['an unknown embedder', { 'a.fa': DNA }, { nucleotideEmbedder: { name: 'nobody' } }, /unknown embedder "nobody"/u],
    [
      'an embedder for proteins',
      { 'a.fa': DNA },
      { nucleotideEmbedder: { name: 'esm2-3b' } },
      /takes proteins: it cannot/u,
    ],
    [
      'other dimensions',
      { 'a.fa': DNA },
      { proteinEmbedder: { name: 'fake', options: { dim: '16' } } },
      /dnabert-s and fake give 768 \+ 16 values a sequence, expected 3328 together/u,
    ],
  ];
  it.each(bad)('%s → RunError.InvalidInput', async (_, files, more, message) => {
    const checking = check(await asked(files, more));
    await expect(checking).rejects.toMatchObject({ type: FailureType.RunInvalidInput });
    await expect(checking).rejects.toThrow(message);
  });

  it('a model of other dimensions → CheckpointError.Incompatible naming expected and found', async () => {
    const input = await asked({ 'a.fa': DNA });
    const model = join(input.directory, '..', 'small.safetensors');
    writeFileSync(model, safetensorsOf(randomClassifier({ seed: 1, features: 16, hidden: 4 })));
    const checking = check({ ...input, model });
    await expect(checking).rejects.toMatchObject({ type: FailureType.CheckpointIncompatible });
    await expect(checking).rejects.toThrow(/small\.safetensors.*3328.*16/u);
  });

  it.each([
    [{ model: '/m/300_model.pth' }, 300, 0],
    [{ model: '/m/500_model.pth' }, 500, 0],
    [{ model: '/m/mine.safetensors' }, 500, 1],
    [{ model: '/m/300_model.pth', expectedLength: 500 }, 500, 1],
    [{ model: '/m/mine.safetensors', expectedLength: 300 }, 300, 0],
  ])('%j → chunks of %d letters, %d notes', (input, expectedLength, notes) => {
    const found = expectedLengthOf(input);
    expect([found.expectedLength, found.notes.length]).toEqual([expectedLength, notes]);
  });
});

describe('checkPredictionRequest on a folder that was split before there was a run.json', () => {
  const records = (count: number) => Array.from({ length: count }, (_, at) => `>s${at}\nACG\n`).join('');
  const split = (input: PredictVirusInput, counts: readonly number[]) => {
    for (const side of ['nucleotide', 'protein']) {
      mkdirSync(join(input.directory, `a_${side}`), { recursive: true });
      for (const [at, count] of counts.entries())
        writeFileSync(join(input.directory, `a_${side}`, `output_${at + 1}.fa`), records(count));
    }
  };

  it.each([
    [[3, 3, 1], 3],
    [[4], 10_000],
    [[10_001], 10_001],
  ])('%j sequences a file → taken over: %d', async (counts, expected) => {
    const input = await asked({ 'a.fa': DNA });
    split(input, counts);
    expect((await check(input)).request.sequencesPerFile).toBe(expected);
  });

  it('another number in the request → incompatible, naming both', async () => {
    const input = await asked({ 'a.fa': DNA }, { sequencesPerFile: 5 });
    split(input, [3, 3, 1]);
    const checking = check(input);
    await expect(checking).rejects.toMatchObject({ type: FailureType.CheckpointIncompatible });
    await expect(checking).rejects.toThrow('files of 3 sequences (input a), expected 5');
  });
});

describe('checkPredictionRequest on a folder with a run.json', () => {
  type Change = (input: PredictVirusInput, manifest: RunManifest) => PredictVirusInput | undefined;
  const again = async (change: Change) => {
    const input = await asked({ 'a.fa': DNA });
    const { manifest } = await check(input);
    return check(change(input, manifest) ?? input, manifest);
  };

  it('the same request → the same run.json', async () => {
    const input = await asked({ 'a.fa': DNA });
    const { manifest } = await check(input);
    expect((await check(input, manifest)).manifest).toEqual(manifest);
  });

  it('another input → added; one that is not named → a note', async () => {
    const input = await asked({ 'a.fa': DNA });
    const { manifest } = await check(input);
    const other = join(input.directory, '..', 'b.fa');
    writeFileSync(other, DNA);
    const { request, manifest: grown } = await check({ ...input, inputs: [other] }, manifest);
    expect(Object.keys(grown.inputs)).toEqual(['a', 'b']);
    expect(request.notes).toEqual(['this request does not name a of run.json; what is there of them is kept']);
  });

  const changes: [string, RegExp, Change][] = [
    ['another length', /expected length: 500 in run.json, 300 now/u, (input) => ({ ...input, expectedLength: 300 })],
    ['another split', /sequences per file: 10000 in run.json, 7 now/u, (input) => ({ ...input, sequencesPerFile: 7 })],
    [
      'another classifier',
      /classifier \(SHA-256\): [0-9a-f]{64} in run.json, [0-9a-f]{64} now/u,
      (input) => ({ ...input, model: writeModel(join(input.directory, '..'), 2, '500_other.pth').model }),
    ],
    [
      'another embedder',
      /nucleotide embedder: dnabert-s in run.json, fake now/u,
      (input) => ({ ...input, nucleotideEmbedder: { name: 'fake', options: { dim: '768' } } }),
    ],
    [
      'other options of an embedder',
      /protein embedder esm2-3b, weights: trained in run.json, random-init now/u,
      (input) => ({ ...input, proteinEmbedder: { name: 'esm2-3b', options: { randomInit: 'true' } } }),
    ],
    [
      'another content',
      /content of input a \(SHA-256\)/u,
      (input) => {
        writeFileSync(join(input.inputs?.[0] ?? '', 'a.fa'), `${DNA}A\n`);
        return undefined;
      },
    ],
  ];
  it.each(changes)('%s → CheckpointError.Incompatible naming it', async (_, message, change) => {
    const checking = again(change);
    await expect(checking).rejects.toMatchObject({ type: FailureType.CheckpointIncompatible });
    await expect(checking).rejects.toThrow(message);
  });

  it('embed into the folder of a prediction, and predict into that of an embedding run → incompatible', async () => {
    const input = await asked({ 'a.fa': DNA });
    const { manifest } = await check(input);
    const { directory, inputs = [] } = input;
    const run: EmbeddingRunInput = { contract: 1, directory, inputs, embedders: [{ name: 'kmer' }] };
    const embedding = checkRequest(run, manifest, LIVE);
    await expect(embedding).rejects.toMatchObject({ type: FailureType.CheckpointIncompatible });
    await expect(embedding).rejects.toThrow('holds a prediction');

    const embedded = await checkRequest(run, UNBOUND, LIVE);
    const predicting = check(input, embedded.manifest);
    await expect(predicting).rejects.toMatchObject({ type: FailureType.CheckpointIncompatible });
    await expect(predicting).rejects.toThrow('holds the embeddings of a run without prediction');
  });
});
