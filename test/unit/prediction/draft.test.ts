import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { draftPrediction, type DraftedInput } from '../../../src/prediction/draft.ts';
import {
  callConsensus,
  classifySequences,
  cutChunks,
  mergeEmbeddings,
  splitSequences,
  tallyPrediction,
  translateFrames,
} from '../../../src/prediction/index.ts';
import {
  checkedScene,
  checkedSceneIn,
  copyScene,
  embedAll,
  openSequence,
  type CheckedScene,
} from '../../support/prediction-scene.ts';

const CONTIGS = [1, 2].map((seed) => `>contig${seed}\n${openSequence(seed, 1500)}\n`).join('');

interface Predicted {
  scene: CheckedScene;
  parts: number;
  sequences: number;
}

let folder = '';
let made: Predicted;

/** A prediction of two contigs, three sequences a file, with all of its results: made once, each test gets a copy. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'virnucpro-test-'));
  const scene = await checkedSceneIn(folder, CONTIGS, { sequencesPerFile: 3 });
  await cutChunks(scene);
  const { sequences } = await translateFrames(scene);
  const { parts } = await splitSequences(scene);
  await embedAll(scene, parts);
  await mergeEmbeddings(scene, { allowMissing: false });
  await classifySequences(scene);
  await callConsensus(scene);
  made = { scene, parts, sequences };
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function predicted(): Promise<Predicted> {
  return { ...made, scene: await copyScene(made.scene) };
}

async function drafted(scene: CheckedScene): Promise<DraftedInput & { states: string[] }> {
  const { inputs } = await draftPrediction(scene.directory, scene.request, scene.signal);
  const input = inputs[0]!;
  return { ...input, states: input.stages.map(({ state }) => state) };
}

const MISSING = Array.from({ length: 6 }, () => 'missing');

describe('draftPrediction', () => {
  it('nothing there → all stages missing, at most six frames a chunk to embed, nothing written', async () => {
    const scene = await checkedScene(CONTIGS, { sequencesPerFile: 5 });
    rmSync(scene.directory, { recursive: true });
    const draft = await draftPrediction(scene.directory, scene.request, scene.signal);
    // 6 chunks, 36 frames, 8 files on each side.
    expect(draft).toMatchObject({ tasks: 16, found: 0, bad: 0, estimated: true });
    const [input] = draft.inputs;
    expect(input).toMatchObject({ stem: 'in', contigs: 2, chunks: 6 });
    expect(input!.stages.map(({ state }) => state)).toEqual(MISSING);
    expect(input!.embedding.map(({ side, embedder }) => [side, embedder])).toEqual([
      ['nucleotide', 'dnabert-s'],
      ['protein', 'esm2-3b'],
    ]);
    expect(existsSync(scene.directory)).toBe(false);
  });

  it('stage after stage → found, tasks counted as they become known', async () => {
    const scene = await checkedScene(CONTIGS, { sequencesPerFile: 3 });
    await cutChunks(scene);
    expect((await drafted(scene)).states).toEqual(['found', ...MISSING.slice(1)]);
    const { sequences } = await translateFrames(scene);
    const translated = await drafted(scene);
    expect(translated.states).toEqual(['found', 'found', ...MISSING.slice(2)]);
    const tasks = Math.ceil(sequences / 3);
    expect(translated.embedding).toMatchObject([1, 2].map(() => ({ tasks, found: 0, estimated: false })));
    const { parts } = await splitSequences(scene);
    expect(parts).toBe(tasks);
    await embedAll(scene, 1);
    const embedded = await drafted(scene);
    expect(embedded.states).toEqual(['found', 'found', 'found', ...MISSING.slice(3)]);
    expect(embedded.embedding).toMatchObject([1, 2].map(() => ({ tasks, found: 1, bad: 0, estimated: false })));
  });

  it('all there, split files removed since → found, but for the splitting; checkpoints are found by name', async () => {
    const { scene, parts } = await predicted();
    expect((await drafted(scene)).states).toEqual(MISSING.map(() => 'found'));
    for (const side of ['nucleotide', 'protein'] as const) {
      for (let part = 1; part <= parts; part++) unlinkSync(scene.file(scene.paths.split(side, part)));
    }
    const { states, embedding } = await drafted(scene);
    expect(states).toEqual(['found', 'found', 'missing', 'found', 'found', 'found']);
    expect(embedding).toMatchObject([1, 2].map(() => ({ tasks: parts, found: parts, bad: 0, estimated: false })));
  });

  it('bad files → bad, saying why', async () => {
    const { scene, parts } = await predicted();
    truncateSync(scene.file(scene.paths.mergedPart(1)), 1000);
    truncateSync(scene.file(scene.paths.checkpoint('protein', 1)), 1000);
    appendFileSync(scene.file(scene.paths.results), 'x');
    const { stages, embedding } = await drafted(scene);
    const bad = stages.filter(({ state }) => state === 'bad').map(({ stage, detail }) => [stage, detail]);
    expect(bad).toEqual([
      ['merging', expect.stringMatching(/^in_merged\/output_1_merged\.pt: corrupted: expected .* bytes/u)],
      ['classifying', expect.stringMatching(/^in_merged\/prediction_results\.txt: corrupted: expected .* bytes/u)],
    ]);
    expect(embedding).toMatchObject([
      { found: parts, bad: 0 },
      { found: parts - 1, bad: 1 },
    ]);
  });

  it('files of VirNucPro without records → found, to be compared', async () => {
    const scene = await checkedScene(CONTIGS);
    writeFileSync(scene.file(scene.paths.chunked), '>x\nA\n');
    mkdirSync(scene.file(scene.paths.merged));
    writeFileSync(scene.file(scene.paths.results), 'x\n');
    const { stages } = await drafted(scene);
    expect(stages.filter(({ state }) => state === 'found')).toEqual([
      { stage: 'chunking', state: 'found', detail: 'in_chunked500.fa is there without a record: it will be compared' },
      {
        stage: 'classifying',
        state: 'found',
        detail: 'in_merged/prediction_results.txt is there without a record: it will be compared',
      },
    ]);
  });
});

describe('tallyPrediction', () => {
  const tally = (scene: CheckedScene) => tallyPrediction(scene.directory, scene.request, scene.signal);

  it('all results → complete, with every count', async () => {
    const { scene, parts, sequences } = await predicted();
    const found = await tally(scene);
    const { viralContigs, viralChunks } = found;
    expect(found).toMatchObject({
      predicted: 1,
      contigs: 2,
      chunks: 6,
      sequences,
      missingParts: 0,
      missingSequences: 0,
    });
    expect(found.inputs).toEqual([
      {
        path: join(scene.request.inputRoot, 'in.fa'),
        ...{ stem: 'in', contigs: 2, emptyContigs: 0, letters: 3000, chunks: 6, sequences },
        ...{ parts, mergedParts: parts, missing: [], missingParts: 0, missingSequences: 0 },
        ...{ classified: sequences, viralChunks, viralContigs, complete: true },
        classifiedChunks: expect.any(Number) as number,
        stages: expect.arrayContaining([expect.objectContaining({ stage: 'merging' })]) as unknown,
      },
    ]);
    expect(found.inputs[0]!.stages.map(({ stage }) => stage)).toEqual([
      ...['chunking', 'translating', 'splitting', 'merging', 'classifying', 'consensus'],
    ]);
  });

  it('intermediate files removed → complete all the same', async () => {
    const { scene } = await predicted();
    unlinkSync(scene.file(scene.paths.split('nucleotide', 1)));
    unlinkSync(scene.file(scene.paths.chunked));
    expect(await tally(scene)).toMatchObject({ predicted: 1, inputs: [{ complete: true }] });
  });

  type Spoil = (scene: CheckedScene) => void;
  const spoilt: [string, RegExp, Spoil][] = [
    [
      'results changed',
      /prediction_results\.txt: corrupted/u,
      (scene) => appendFileSync(scene.file(scene.paths.results), 'x'),
    ],
    ['the table of contigs gone', /contigs\.tsv is not there/u, (scene) => unlinkSync(scene.file(scene.paths.contigs))],
    [
      'a merged part gone',
      /output_1_merged\.pt is not there/u,
      (scene) => unlinkSync(scene.file(scene.paths.mergedPart(1))),
    ],
    [
      'no record of the consensus',
      /consensus has not ended/u,
      (scene) => unlinkSync(scene.file(scene.paths.record('consensus'))),
    ],
  ];
  it.each(spoilt)('%s → not complete, saying why', async (_, reason, spoil) => {
    const { scene } = await predicted();
    spoil(scene);
    const found = await tally(scene);
    expect(found.predicted).toBe(0);
    expect(found.inputs[0]).toMatchObject({ complete: false, reason: expect.stringMatching(reason) as string });
  });

  it('an input that was not begun → counted from the request', async () => {
    const scene = await checkedScene(CONTIGS);
    expect(await tally(scene)).toMatchObject({
      predicted: 0,
      contigs: 2,
      chunks: 6,
      inputs: [{ complete: false, reason: 'merging has not ended', stages: [] }],
    });
    expect(readdirSync(scene.directory)).toEqual([]);
  });
});
