import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import type { EmbeddingRunInput } from '../../../src/contract/run-request.ts';
import { embedderFactory } from '../../../src/embedders/index.ts';
import { checkRequest } from '../../../src/run/compatibility.ts';
import { openManifest, type RunManifest } from '../../../src/run/manifest.ts';
import { fasta } from '../../support/run-folder.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const LIVE = new AbortController().signal;
const PROTEIN = `>p\n${'MKVLAAGIVGLCAKPWERTYHQNDFS'.repeat(4)}\n`;

/** A request for `in/` and the unbound manifest of its folder. */
async function request(files: Record<string, string | Uint8Array>, more: Partial<EmbeddingRunInput> = {}) {
  const folder = await temporaryFolder();
  mkdirSync(join(folder, 'in'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, 'in', name), content);
  const directory = join(folder, 'out');
  const input: EmbeddingRunInput = {
    contract: 1,
    directory,
    inputs: [join(folder, 'in')],
    embedders: [{ name: 'fake' }],
    ...more,
  };
  return { folder, input, manifest: await openManifest(directory) };
}

/** What the request says of a folder that it has been accepted for before. */
async function again(
  files: Record<string, string | Uint8Array>,
  change: (input: EmbeddingRunInput, manifest: RunManifest, folder: string) => void,
) {
  const { folder, input, manifest } = await request(files);
  const { manifest: bound } = await checkRequest(input, manifest, LIVE);
  change(input, bound, folder);
  return checkRequest(input, bound, LIVE);
}

const TWO = { 'a.fa': fasta('a', 2), 'b.fa': fasta('b', 3) };

describe('checkRequest on a new folder', () => {
  it('accepted → defaults filled in, run.json bound', async () => {
    const { input, manifest } = await request(TWO);
    const checked = await checkRequest(input, manifest, LIVE);
    expect(checked.request).toMatchObject({
      inputs: [
        { path: 'a.fa', stem: 'a', windows: 2, gzip: false },
        { path: 'b.fa', stem: 'b', windows: 3 },
      ],
      embedders: [{ name: 'fake', options: {}, taskQueue: 'virnucpro-gpu-fake' }],
      chunkLength: null,
      sequencesPerFile: 10_000,
      onBadCheckpoint: 'fail',
      onBadSequence: 'fail',
      skipCheckpointValidation: false,
      tuning: { partitionSize: 500, maxInFlight: 32, openPartitions: 2, partitionsPerExecution: 300 },
    });
    expect(checked.manifest.settings).toEqual({ chunkLength: null, sequencesPerFile: 10_000 });
    expect(Object.keys(checked.manifest.inputs)).toEqual(['a', 'b']);
    expect(checked.manifest.embedders['fake']?.fingerprint).toMatchObject({ dim: 16 });
  });

  it('the same embedder twice → RunError.InvalidInput', async () => {
    const { input, manifest } = await request(TWO, { embedders: [{ name: 'fake' }, { name: 'fake' }] });
    await expect(checkRequest(input, manifest, LIVE)).rejects.toMatchObject({ type: FailureType.RunInvalidInput });
  });

  it('every bad input is listed in one error', async () => {
    const { input, manifest } = await request({ ...TWO, 'c.fa': '', 'd.fa': 'x', 'e.fa': '>x\nA\n>x\nA\n' });
    const error = await checkRequest(input, manifest, LIVE).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ type: FailureType.RunInvalidInput });
    for (const name of ['c.fa', 'd.fa', 'e.fa']) expect((error as Error).message).toContain(name);
    expect((error as Error).message).not.toContain('a.fa');
  });

  it('kmer takes proteins as proteins; a nucleotide file beside them is worth a note', async () => {
    const { input, manifest } = await request({ 'p.faa': PROTEIN.repeat(1) }, { embedders: [{ name: 'kmer' }] });
    const { request: checked } = await checkRequest(input, manifest, LIVE);
    expect(checked.descriptions[0]).toMatchObject({ dim: 400 });
    expect(checked.notes).toEqual([]);
    const embedders = [{ name: 'kmer', options: { alphabet: 'protein' } }];
    const mixed = await request({ 'p.faa': PROTEIN, 'n.fa': fasta('n', 1, 400) }, { embedders });
    const { request: both } = await checkRequest(mixed.input, mixed.manifest, LIVE);
    expect(both.notes).toEqual([expect.stringContaining('n.fa does not look like proteins')]);
  });

  it('proteins of a repeat, which look like nucleotides → taken for what the request says', async () => {
    const embedders = [{ name: 'esm2-8m', options: { randomInit: 'true' } }];
    const files = { 'repeat.faa': `>p\n${'GA'.repeat(50)}\n` };
    const unsaid = await request(files, { embedders });
    await expect(checkRequest(unsaid.input, unsaid.manifest, LIVE)).rejects.toThrow(
      'holds nucleotides (at least 95 % ACGTN), but embedder esm2-8m takes proteins',
    );
    const said = await request(files, { embedders, alphabet: 'protein' });
    expect((await checkRequest(said.input, said.manifest, LIVE)).request.notes).toEqual([]);
    const wrong = await request(files, { embedders, alphabet: 'nucleotide' });
    await expect(checkRequest(wrong.input, wrong.manifest, LIVE)).rejects.toThrow(
      'holds nucleotides (says the request), but embedder esm2-8m takes proteins',
    );
  });

  it('kmer → counts the words of what the request says', async () => {
    const { input, manifest } = await request(TWO, { embedders: [{ name: 'kmer' }], alphabet: 'protein' });
    expect((await checkRequest(input, manifest, LIVE)).request.descriptions[0]).toMatchObject({ dim: 400 });
  });
});

describe('checkRequest on a folder that was made before', () => {
  it('nothing changed → accepted', async () => {
    expect((await again(TWO, () => {})).request.absent).toEqual([]);
  });

  const differing: [string, (input: EmbeddingRunInput, manifest: RunManifest, folder: string) => void, string][] = [
    ['chunk length', (input) => (input.chunkLength = 30), 'chunk length: none in run.json, 30 now'],
    ['sequences per file', (input) => (input.sequencesPerFile = 5), 'sequences per file: 10000 in run.json, 5 now'],
    [
      'fingerprint',
      (input) => (input.embedders = [{ name: 'fake', options: { dim: '8' } }]),
      'embedder fake, dim: 16 in run.json, 8 now',
    ],
    [
      'a fingerprint key that this version does not have',
      (_, manifest) =>
        (manifest.embedders['fake'] = { fingerprint: { ...manifest.embedders['fake']?.fingerprint, x: 1 } }),
      'embedder fake, x: 1 in run.json, none now',
    ],
    [
      'content of an input',
      (_, __, folder) => writeFileSync(join(folder, 'in', 'a.fa'), fasta('z', 2)),
      'content of input a (SHA-256)',
    ],
  ];
  it.each(differing)('another %s → CheckpointError.Incompatible naming it', async (_, change, line) => {
    await expect(again(TWO, change)).rejects.toMatchObject({
      type: FailureType.CheckpointIncompatible,
      message: expect.stringContaining(line),
    });
  });

  it('several differences → a line each', async () => {
    const changing = again(TWO, (input) => Object.assign(input, { chunkLength: 9, sequencesPerFile: 9 }));
    await expect(changing).rejects.toThrow(/chunk length.*\n.*sequences per file/u);
  });

  const accepted: [string, (input: EmbeddingRunInput, manifest: RunManifest, folder: string) => void][] = [
    ['batch size', (input) => (input.batchSize = 3)],
    ['delays and faults', (input) => (input.embedders = [{ name: 'fake', options: { delayMs: '5', failOn: 'x' } }])],
    ['queue', (input) => (input.embedders = [{ name: 'fake', taskQueue: 'elsewhere' }])],
    ['mode', (input) => (input.onBadCheckpoint = 'recompute')],
    ['tuning', (input) => (input.tuning = { partitionSize: 1 })],
    ['compression', (_, __, folder) => writeFileSync(join(folder, 'in', 'a.fa'), gzipSync(TWO['a.fa']))],
  ];
  it.each(accepted)('another %s → accepted', async (_, change) => {
    expect((await again(TWO, change)).request.inputs).toHaveLength(2);
  });

  it('what only a loaded model can tell → compared where request and folder say it, and kept', async () => {
    const loaded = { weightsDigest: 'random-init:0', dtype: 'float32' };
    const model = (dtype?: string) => ({
      name: 'esm2-8m',
      options: { randomInit: 'true', ...(dtype === undefined ? {} : { dtype }) },
    });
    const asking = (dtype?: string) =>
      again({ 'p.faa': PROTEIN }, (input, bound) => {
        input.embedders = [model(dtype)];
        const { fingerprint } = embedderFactory('esm2-8m').describe(model().options, 'protein');
        bound.embedders['esm2-8m'] = { fingerprint: { ...fingerprint, ...loaded } };
      });
    for (const dtype of [undefined, 'float32']) {
      const { manifest } = await asking(dtype);
      expect(manifest.embedders['esm2-8m']?.fingerprint).toMatchObject({ ...loaded, weights: 'random-init' });
    }
    await expect(asking('float16')).rejects.toThrow('embedder esm2-8m, dtype: float32 in run.json, float16 now');
  });

  it('a new input and a new embedder → added; an absent one → reported and kept', async () => {
    const { manifest, request: checked } = await again(TWO, (input, _, folder) => {
      writeFileSync(join(folder, 'in', 'c.fa'), fasta('c', 1));
      input.inputs = [join(folder, 'in', 'c.fa'), join(folder, 'in', 'b.fa')];
      input.embedders = [{ name: 'kmer' }];
    });
    expect(checked.absent).toEqual(['a']);
    expect(Object.keys(manifest.inputs).toSorted()).toEqual(['a', 'b', 'c']);
    expect(Object.keys(manifest.embedders).toSorted()).toEqual(['fake', 'kmer']);
  });
});
