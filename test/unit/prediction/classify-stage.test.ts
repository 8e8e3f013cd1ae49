import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openCheckpointSync } from '../../../src/checkpoint/index.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import {
  callConsensus,
  classifySequences,
  cutChunks,
  mergeEmbeddings,
  splitSequences,
  tallyPrediction,
  translateFrames,
} from '../../../src/prediction/index.ts';
import { parseResultLine } from '../../../src/prediction/results/results-format.ts';
import { readStageRecord } from '../../../src/prediction/stage-record.ts';
import { classifyInDoubles } from '../../support/classifier-model.ts';
import {
  checkedScene,
  embedAll,
  embedPart,
  openSequence,
  splitIds,
  writeModel,
  type CheckedScene,
} from '../../support/prediction-scene.ts';

const CONTIGS = [1, 2, 3].map((seed) => `>contig${seed}\n${openSequence(seed, 1000)}\n`).join('');

/** A prediction up to its merged checkpoints, five sequences each. */
async function merged(fasta = CONTIGS): Promise<CheckedScene> {
  const scene = await checkedScene(fasta, { sequencesPerFile: 5 });
  await cutChunks(scene);
  const { sequences } = await translateFrames(scene);
  if (sequences === 0) return scene;
  const { parts } = await splitSequences(scene);
  await embedAll(scene, parts);
  await mergeEmbeddings(scene, { allowMissing: false });
  return scene;
}

function resultsOf(scene: CheckedScene): { header: string; rows: ReturnType<typeof parseResultLine>[] } {
  const [header = '', ...lines] = readFileSync(scene.file(scene.paths.results), 'utf8').trimEnd().split('\n');
  return { header, rows: lines.map(parseResultLine) };
}

/** Ids and scores of the merged rows, worked out in float64. */
async function expectedRows(scene: CheckedScene): Promise<{ id: string; scores: number[] }[]> {
  const record = await readStageRecord(scene, 'merging');
  return record!.outputs.flatMap(({ path }) => {
    const opened = openCheckpointSync(scene.file(path));
    const scores = classifyInDoubles(scene.weights, opened.slice());
    const rows = opened.ids.map((id, row) => ({ id, scores: [scores[2 * row]!, scores[2 * row + 1]!] }));
    opened.close();
    return rows;
  });
}

describe('classifySequences', () => {
  it('merged parts → a row for each sequence in part order, scores of the model; again → found', async () => {
    const scene = await merged();
    const parts = readdirSync(scene.file(scene.paths.merged)).length;
    expect(parts).toBeGreaterThan(1);
    const told: number[] = [];
    const result = await classifySequences({ ...scene, onProgress: (done) => void told.push(done) });
    const expected = await expectedRows(scene);
    expect(result).toEqual({ outcome: 'written', stem: 'in', rows: expected.length });
    expect(told.every((done) => done <= expected.length)).toBe(true);

    const { header, rows } = resultsOf(scene);
    expect(header).toBe('Sequence_ID\tPrediction\tscore1\tscore2');
    expect(rows.map((row) => row?.id)).toEqual(expected.map(({ id }) => id));
    for (const [at, { scores }] of expected.entries()) {
      expect(Math.abs(rows[at]!.score1 - scores[0]!)).toBeLessThan(1e-6);
      expect(Math.abs(rows[at]!.score2 - scores[1]!)).toBeLessThan(1e-6);
    }
    expect((await readStageRecord(scene, 'classifying'))?.facts['viral']).toBe(
      rows.filter((row) => row!.score2 > row!.score1).length,
    );

    const before = statSync(scene.file(scene.paths.results), { bigint: true });
    expect(await classifySequences(scene)).toMatchObject({ outcome: 'found', rows: expected.length });
    expect(statSync(scene.file(scene.paths.results), { bigint: true }).mtimeNs).toBe(before.mtimeNs);
  });

  it('no frame free of stops → results without rows, tables that say so, complete', async () => {
    const scene = await merged(`>stops\n${'TTAA'.repeat(60)}\n>n\nNNNN\n`);
    expect(await classifySequences(scene)).toEqual({ outcome: 'written', stem: 'in', rows: 0 });
    expect(resultsOf(scene).rows).toEqual([]);
    expect(await callConsensus(scene)).toMatchObject({ chunks: 0, contigs: 2, viralContigs: 0 });
    const tally = await tallyPrediction(scene.directory, scene.request, scene.signal);
    expect(tally).toMatchObject({ predicted: 1, sequences: 0, contigs: 2, viralContigs: 0 });
    expect(tally.inputs[0]).toMatchObject({ complete: true, sequences: 0, parts: 0 });
  });
});

describe('classifySequences: what is there', () => {
  let scene: CheckedScene;
  let text = '';

  async function classified(): Promise<void> {
    scene = await merged(`>one\n${openSequence(4, 500)}\n`);
    await classifySequences(scene);
    text = readFileSync(scene.file(scene.paths.results), 'utf8');
  }

  /** Results as another program left them, before there was a record. */
  function leave(content: string): void {
    writeFileSync(scene.file(scene.paths.results), content);
    unlinkSync(scene.file(scene.paths.record('classifying')));
  }

  it('the same without a record, in more digits → kept as it is', async () => {
    await classified();
    const lines = text.trimEnd().split('\n');
    const longer = lines.map((line, at) =>
      at === 0 ? line : line.replace(/\t([\d.e-]+)\t([\d.e-]+)$/u, '\t$10001\t$2'),
    );
    const others = `${longer.join('\n')}\n`;
    leave(others);
    expect(await classifySequences(scene)).toMatchObject({ outcome: 'found' });
    expect(readFileSync(scene.file(scene.paths.results), 'utf8')).toBe(others);
    expect((await readStageRecord(scene, 'classifying'))?.outputs[0]?.kept).toBe(true);
  });

  it('other rows without a record → incompatible, naming the line; recompute → moved aside and made', async () => {
    await classified();
    const [header, ...rows] = text.trimEnd().split('\n');
    leave(`${[header, ...rows.slice(0, -1)].join('\n')}\n`);
    const failure = classifySequences(scene);
    await expect(failure).rejects.toMatchObject({ type: FailureType.CheckpointIncompatible });
    await expect(failure).rejects.toThrow(`line ${rows.length}: expected more rows, found the end of the file`);
    const request = { ...scene.request, onBadCheckpoint: 'recompute' as const };
    expect(await classifySequences({ ...scene, request })).toMatchObject({ outcome: 'written', rows: rows.length });
    expect(readFileSync(scene.file(scene.paths.results), 'utf8')).toBe(text);
    expect(readdirSync(scene.file(scene.paths.merged)).filter((name) => name.includes('.bad-'))).toHaveLength(1);
  });

  it('a part that was missing is there now → the old results are moved aside, complete ones made', async () => {
    scene = await merged();
    const { parts } = (await readStageRecord(scene, 'splitting'))!.facts;
    rmSync(scene.file(scene.paths.checkpoint('protein', 1)));
    rmSync(scene.file(scene.paths.mergedPart(1)));
    const partial = await mergeEmbeddings(scene, { allowMissing: true });
    expect(partial).toMatchObject({ merged: parts! - 1, missingParts: 1 });
    const { rows } = await classifySequences(scene);
    await callConsensus(scene);
    const holes = await tallyPrediction(scene.directory, scene.request, scene.signal);
    expect(holes).toMatchObject({ predicted: 0, missingParts: 1, sequences: rows });
    expect(holes.inputs[0]).toMatchObject({
      complete: false,
      reason: 'the results do without 1 part',
    });

    await embedPart(scene, 'protein', 1, splitIds(scene, 1));
    await mergeEmbeddings(scene, { allowMissing: false });
    expect(await classifySequences(scene)).toMatchObject({ outcome: 'written', rows: rows + 5 });
    expect(await callConsensus(scene)).toMatchObject({ outcome: 'written' });
    const whole = await tallyPrediction(scene.directory, scene.request, scene.signal);
    expect(whole).toMatchObject({ predicted: 1, missingParts: 0, sequences: rows + 5 });
    const aside = readdirSync(scene.file(scene.paths.merged)).filter((name) => name.includes('.superseded-'));
    expect(aside).toHaveLength(3);
  });

  it('a bit of a merged value that has flipped since it was merged → corrupted, naming it, nothing left', async () => {
    scene = await merged(`>one\n${openSequence(4, 500)}\n`);
    const file = scene.file(scene.paths.mergedPart(1));
    const bytes = readFileSync(file);
    // Nearly all of the file is values.
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    writeFileSync(file, bytes);
    const failure = classifySequences(scene);
    await expect(failure).rejects.toMatchObject({ type: FailureType.CheckpointCorrupted, path: file });
    expect(readdirSync(scene.file(scene.paths.merged))).toEqual(['output_1_merged.pt']);
  });

  it('another classifier under its name → incompatible, nothing left', async () => {
    scene = await merged(`>one\n${openSequence(4, 500)}\n`);
    const other = writeModel(scene.directory, 2, 'other.pth');
    copyFileSync(other.model, scene.request.classifier.path);
    const failure = classifySequences(scene);
    await expect(failure).rejects.toMatchObject({ type: FailureType.CheckpointIncompatible });
    await expect(failure).rejects.toThrow('that the prediction began with');
    expect(readdirSync(scene.file(scene.paths.merged))).toEqual(['output_1_merged.pt']);
  });

  it('aborted → its reason, nothing left', async () => {
    scene = await merged(`>one\n${openSequence(4, 500)}\n`);
    const controller = new AbortController();
    const running = classifySequences({ ...scene, signal: controller.signal });
    const reason = new Error('enough');
    setTimeout(() => controller.abort(reason), 5);
    await expect(running).rejects.toBe(reason);
    expect(readdirSync(scene.file(scene.paths.merged)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
