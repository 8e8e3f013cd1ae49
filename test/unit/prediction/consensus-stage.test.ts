import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { callConsensusHere } from '../../../src/prediction/call-consensus.ts';
import { callConsensus } from '../../../src/prediction/consensus-stage.ts';
import type { ResultRow } from '../../../src/prediction/results/results-format.ts';
import { resultLine, RESULTS_HEADER } from '../../../src/prediction/results/results-format.ts';
import { readStageRecord, writeStageRecord } from '../../../src/prediction/stage-record.ts';
import { predictionScene, type PredictionScene } from '../../support/prediction-scene.ts';
import { sequence } from '../../support/run-folder.ts';

const REFERENCE = new URL('../../../../shared/data/reference-v0/', import.meta.url).pathname;

/** Letters of each contig; chunks of 500. */
type Contigs = Readonly<Record<string, number>>;

/** An input of these contigs. */
async function inputOf(contigs: Contigs): Promise<PredictionScene> {
  const text = Object.entries(contigs).map(([id, letters], at) => `>${id} x\n${sequence(at, letters)}\n`);
  return inputWith(text.join(''));
}

async function inputWith(text: string): Promise<PredictionScene> {
  const scene = await predictionScene();
  writeFileSync(scene.file('in.fa'), text);
  const input = { ...scene.input, sha256: createHash('sha256').update(text).digest('hex') };
  return { ...scene, input };
}

/** Results of a classification, on record. */
async function classified(scene: PredictionScene, rows: readonly ResultRow[]): Promise<void> {
  await classifiedAs(scene, `${RESULTS_HEADER}\n${rows.map(resultLine).join('')}`);
}

async function classifiedAs(scene: PredictionScene, text: string): Promise<void> {
  const { merged, results } = scene.paths;
  mkdirSync(scene.file(merged), { recursive: true });
  writeFileSync(scene.file(results), text);
  const sha256 = createHash('sha256').update(text).digest('hex');
  await writeStageRecord(scene, {
    stage: 'classifying',
    of: {},
    outputs: [{ path: results, bytes: Buffer.byteLength(text), sha256 }],
    facts: {},
    startedAt: new Date(),
  });
}

const row = (id: string, score2: number): ResultRow => ({ id, score1: 1 - score2, score2 });

function tables(scene: PredictionScene): { chunks: string[]; contigs: string[] } {
  const lines = (name: string) => readFileSync(scene.file(name), 'utf8').trimEnd().split('\n');
  return { chunks: lines(scene.paths.highestScore), contigs: lines(scene.paths.contigs) };
}

/** The same tables, worked out plainly, in memory. */
function expectedTables(contigs: Contigs, rows: readonly ResultRow[]): { chunks: string[]; contigs: string[] } {
  const best = new Map<string, [number, number]>();
  for (const { id, score1, score2 } of rows) {
    const [first, second] = best.get(id.slice(0, -2)) ?? [-1, -1];
    best.set(id.slice(0, -2), [Math.max(first, Math.fround(score1)), Math.max(second, Math.fround(score2))]);
  }
  const chunks = [...best].map(([id, [first, second]]) => [id, second >= first ? 'True' : 'False', first, second]);
  const table = Object.entries(contigs).map(([id, letters]) => {
    const ofContig = [...best].filter(([chunk]) => chunk.replace(/_chunk_\d+$/u, '') === id);
    const own = ofContig.toSorted(([a], [b]) => numberOf(a) - numberOf(b)).map(([, scores]) => scores);
    const viral = own.filter(([first, second]) => second >= first).length;
    const scores = own.map(([, second]) => second);
    const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
    const call = own.length === 0 ? 'unclassified' : viral >= own.length / 2 ? 'virus' : 'others';
    const shown = own.length === 0 ? ['', ''] : [mean, Math.max(...scores)];
    return [id, letters, Math.ceil(letters / 500), own.length, viral, ...shown, call];
  });
  return { chunks: chunks.map(asText), contigs: table.map(asText) };
}

function numberOf(chunk: string): number {
  return Number(/\d+$/u.exec(chunk)?.[0]);
}

/** Numbers as float32, however many digits they are written with. */
function asText(cells: readonly (string | number)[]): string {
  return cells.map((cell) => (typeof cell === 'number' ? String(Math.fround(cell)) : cell)).join('\t');
}

/** Rows of a table with their numbers as float32. */
function asFloats(lines: readonly string[]): string[] {
  return lines.slice(1).map((line) => {
    const cells = line.split('\t').map((cell) => (/^[\d.]+(e-\d+)?$/u.test(cell) ? Number(cell) : cell));
    return asText(cells);
  });
}

describe('callConsensus', () => {
  it('frames of chunks and contigs → both tables, on record; again → found, nothing written', async () => {
    const scene = await inputOf({ a: 1200, b: 500, c: 300, d_chunk_1: 700 });
    await classified(scene, [
      row('a_chunk_2F1', 0.9),
      row('a_chunk_2R3', 0.4),
      row('a_chunk_1F2', 0.2),
      row('a_chunk_3R1', 0.5),
      row('b_chunk_1F1', 0.1),
      row('d_chunk_1_chunk_2F3', 0.000020767),
    ]);
    const result = { stem: 'in', chunks: 5, viralChunks: 2, contigs: 4, viralContigs: 1 };
    expect(await callConsensus(scene)).toEqual({ outcome: 'written', ...result });
    expect(tables(scene)).toEqual({
      chunks: [
        'Modified_ID\tIs_Virus\tmax_score_0\tmax_score_1',
        'a_chunk_2\tTrue\t0.6\t0.9',
        'a_chunk_1\tFalse\t0.8\t0.2',
        'a_chunk_3\tTrue\t0.5\t0.5',
        'b_chunk_1\tFalse\t0.9\t0.1',
        'd_chunk_1_chunk_2\tFalse\t0.99997926\t2.0767e-05',
      ],
      contigs: [
        'contig\tlength\tchunks\tclassified_chunks\tviral_chunks\tmean_score\tmax_score\tcall',
        'a\t1200\t3\t3\t2\t0.5333333\t0.9\tvirus',
        'b\t500\t1\t1\t0\t0.1\t0.1\tothers',
        'c\t300\t1\t0\t0\t\t\tunclassified',
        'd_chunk_1\t700\t2\t1\t0\t2.0767e-05\t2.0767e-05\tothers',
      ],
    });
    const record = await readStageRecord(scene, 'consensus');
    expect(record?.facts).toMatchObject({ chunks: 5, viralContigs: 1, unclassifiedContigs: 1 });
    const before = statSync(scene.file(scene.paths.contigs), { bigint: true });
    expect(await callConsensus(scene)).toEqual({ outcome: 'found', ...result });
    expect(statSync(scene.file(scene.paths.contigs), { bigint: true }).mtimeNs).toBe(before.mtimeNs);
  });

  it('no rows, and a contig without a sequence → headers, every contig with a sequence unclassified', async () => {
    const scene = await inputWith('>a\nACGT\n>empty\n>b\nTTAA\n');
    await classified(scene, []);
    expect(await callConsensus(scene)).toMatchObject({ chunks: 0, contigs: 2, viralContigs: 0 });
    const { chunks, contigs } = tables(scene);
    expect(chunks).toHaveLength(1);
    expect(contigs.slice(1)).toEqual(['a\t4\t1\t0\t0\t\t\tunclassified', 'b\t4\t1\t0\t0\t\t\tunclassified']);
  });

  it('any contigs and rows → the tables of a plain computation', async () => {
    const scores = fc.float({ min: 0, max: 1, noNaN: true });
    const contig = fc.record({
      letters: fc.integer({ min: 1, max: 3000 }),
      rows: fc.array(fc.tuple(fc.nat(), scores, scores)),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(contig, { minLength: 1, maxLength: 6 }), async (many) => {
        const contigs = Object.fromEntries(many.map(({ letters }, at) => [`k${at}`, letters]));
        const rows = many.flatMap((one, at) =>
          one.rows.map(([pick, score1, score2], index) => {
            const chunk = 1 + (pick % Math.ceil(one.letters / 500));
            return { id: `k${at}_chunk_${chunk}${'FR'[index % 2]}${1 + (pick % 3)}`, score1, score2 };
          }),
        );
        const scene = await inputOf(contigs);
        await classified(scene, rows);
        await callConsensusHere(scene);
        const { chunks, contigs: table } = tables(scene);
        expect({ chunks: asFloats(chunks), contigs: asFloats(table) }).toEqual(expectedTables(contigs, rows));
      }),
      { numRuns: 20 },
    );
  });

  it('results made anew since → tables of the old ones are moved aside, new ones made', async () => {
    const scene = await inputOf({ a: 500 });
    await classified(scene, [row('a_chunk_1F1', 0.1)]);
    await callConsensus(scene);
    await classified(scene, [row('a_chunk_1F1', 0.1), row('a_chunk_1F2', 0.9)]);
    expect(await callConsensus(scene)).toMatchObject({ outcome: 'written', viralContigs: 1 });
    const aside = readdirSync(scene.file(scene.paths.merged)).filter((name) => name.includes('.superseded-'));
    expect(aside).toHaveLength(2);
  });

  type Change = (scene: PredictionScene) => unknown;
  const changes: [string, string, string, Change][] = [
    [
      'a table cut',
      FailureType.CheckpointCorrupted,
      'prediction_results_contigs.tsv: corrupted: expected',
      (scene) => writeFileSync(scene.file(scene.paths.contigs), 'contig\n'),
    ],
    [
      'results changed',
      FailureType.CheckpointCorrupted,
      'prediction_results.txt: corrupted: expected',
      (scene) => {
        unlinkSync(scene.file(scene.paths.contigs));
        writeFileSync(scene.file(scene.paths.results), 'x');
      },
    ],
    [
      'results removed',
      FailureType.CheckpointCorrupted,
      'prediction_results.txt: corrupted: file does not exist',
      (scene) => {
        unlinkSync(scene.file(scene.paths.contigs));
        unlinkSync(scene.file(scene.paths.results));
      },
    ],
    [
      'a row of another input',
      FailureType.CheckpointIncompatible,
      'line 2: "z_chunk_1F1" is no frame of this input',
      (scene) => classified(scene, [row('z_chunk_1F1', 0.5)]),
    ],
    [
      'a chunk that the contig does not have',
      FailureType.CheckpointIncompatible,
      '"a_chunk_2F1" is no frame of this input',
      (scene) => classified(scene, [row('a_chunk_2F1', 0.5)]),
    ],
    [
      'a line that is no row',
      FailureType.CheckpointIncompatible,
      'line 2: "what" is no row of results',
      (scene) => classifiedAs(scene, `${RESULTS_HEADER}\nwhat\n`),
    ],
    [
      'another input',
      FailureType.RunInvalidInput,
      'in.fa: the input changed since the prediction began',
      (scene) => {
        writeFileSync(scene.file('in.fa'), '>a\nACGTACGT\n');
        unlinkSync(scene.file(scene.paths.contigs));
      },
    ],
  ];
  it.each(changes)('%s → %s', async (_, type, message, change) => {
    const scene = await inputOf({ a: 500 });
    await classified(scene, [row('a_chunk_1F1', 0.1)]);
    await callConsensus(scene);
    await change(scene);
    const failure = callConsensus(scene);
    await expect(failure).rejects.toMatchObject({ type });
    await expect(failure).rejects.toThrow(message);
  });
});

describe('callConsensus: killed before its record was written', () => {
  it('its own tables are found → recorded as its own, not as somebody else’s', async () => {
    const scene = await inputOf({ a: 500, b: 500 });
    await classified(scene, [row('b_chunk_1F1', 0.9), row('a_chunk_1R2', 0.3)]);
    await callConsensusHere(scene);
    unlinkSync(scene.file(scene.paths.record('consensus')));
    expect(await callConsensusHere(scene)).toMatchObject({ outcome: 'found', chunks: 2 });
    const record = await readStageRecord(scene, 'consensus');
    expect(record?.outputs.map(({ kept }) => kept)).toEqual([undefined, undefined]);
  });
});

describe('callConsensus: a table of chunks that VirNucPro left', () => {
  const rows = [row('b_chunk_1F1', 0.9), row('a_chunk_1R2', 0.3), row('a_chunk_1F2', 0.2)];
  const leave = async (text: string): Promise<PredictionScene> => {
    const scene = await inputOf({ a: 500, b: 500 });
    await classified(scene, rows);
    writeFileSync(scene.file(scene.paths.highestScore), text);
    return scene;
  };
  it.each([
    ['two columns, sorted', 'Modified_ID\tIs_Virus\na_chunk_1\tFalse\nb_chunk_1\tTrue\n'],
    [
      'four columns',
      'Modified_ID\tIs_Virus\tmax_score_0\tmax_score_1\nb_chunk_1\tTrue\t0.1000000014901161\t0.8999999761581421\na_chunk_1\tFalse\t0.8\t0.3\n',
    ],
  ])('%s → kept as it is', async (_, text) => {
    const scene = await leave(text);
    expect(await callConsensus(scene)).toMatchObject({ outcome: 'written', chunks: 2 });
    expect(readFileSync(scene.file(scene.paths.highestScore), 'utf8')).toBe(text);
    const record = await readStageRecord(scene, 'consensus');
    expect(record?.outputs.map(({ kept }) => kept)).toEqual([true, undefined]);
  });

  it.each([
    [
      'another call',
      'Modified_ID\tIs_Virus\na_chunk_1\tTrue\nb_chunk_1\tTrue\n',
      'line 2: "a_chunk_1": expected False',
    ],
    ['a chunk missing', 'Modified_ID\tIs_Virus\nb_chunk_1\tTrue\n', 'expected 2 chunks, found 1'],
    [
      'a chunk twice',
      'Modified_ID\tIs_Virus\nb_chunk_1\tTrue\nb_chunk_1\tTrue\n',
      'line 3: "b_chunk_1" is there twice',
    ],
    ['an unknown chunk', 'Modified_ID\tIs_Virus\nc_chunk_1\tTrue\n', '"c_chunk_1" is no chunk of these results'],
    ['another header', 'id\tvirus\n', 'expected the header'],
    ['zeros', '\0'.repeat(100_000), 'line 1: expected a row of a table'],
  ])('%s → incompatible, naming the line', async (_, text, message) => {
    const failure = callConsensus(await leave(text));
    await expect(failure).rejects.toMatchObject({ type: FailureType.CheckpointIncompatible });
    await expect(failure).rejects.toThrow(message);
  });
});

describe('callConsensus: where a table belongs there are zeros', () => {
  it.each(['highestScore', 'contigs'] as const)('%s, recompute → set aside and made', async (name) => {
    const scene = await inputOf({ a: 500 });
    await classified(scene, [row('a_chunk_1F1', 0.9)]);
    const file = scene.file(scene.paths[name]);
    writeFileSync(file, Buffer.alloc(100_000));
    const request = { ...scene.request, onBadCheckpoint: 'recompute' as const };
    expect(await callConsensusHere({ ...scene, request })).toMatchObject({ outcome: 'written', chunks: 1 });
    expect(readFileSync(file, 'utf8')).toMatch(/\na.*\n$/u);
  });
});

describe.runIf(existsSync(REFERENCE))('callConsensus on the results of the reference', () => {
  it('its results and its table → kept; without its table → the same calls', async () => {
    const read = (name: string) => readFileSync(join(REFERENCE, name), 'utf8');
    const scene = await inputWith(read('test_fixed_500bp.fa'));
    await classifiedAs(scene, read('prediction_results.txt'));
    writeFileSync(scene.file(scene.paths.highestScore), read('prediction_results_highestscore.csv'));
    expect(await callConsensus(scene)).toMatchObject({ chunks: 2, viralChunks: 2, contigs: 2, viralContigs: 2 });
    expect(readFileSync(scene.file(scene.paths.highestScore), 'utf8')).toBe(
      read('prediction_results_highestscore.csv'),
    );

    unlinkSync(scene.file(scene.paths.highestScore));
    await callConsensus(scene);
    const { chunks } = tables(scene);
    const twoColumns = chunks.map((line) => line.split('\t').slice(0, 2).join('\t'));
    expect(twoColumns).toEqual(read('prediction_results_highestscore.csv').trimEnd().split('\n'));
  });
});
