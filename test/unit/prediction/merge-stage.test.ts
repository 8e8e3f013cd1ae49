import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCheckpointSync, readFailedCheckpoints } from '../../../src/checkpoint/index.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { mergeEmbeddings } from '../../../src/prediction/merge-stage.ts';
import type { SideName } from '../../../src/prediction/paths.ts';
import type { PredictionRequest } from '../../../src/prediction/request.ts';
import { readStageRecord } from '../../../src/prediction/stage-record.ts';
import { recordSkipped } from '../../../src/run/skipped-sequences.ts';
import { pyDict, pyFloats, pyList, type Writable } from '../../../src/torch/index.ts';
import {
  embedPart,
  predictionScene,
  rowValues,
  splitParts,
  type PredictionScene,
} from '../../support/prediction-scene.ts';
import { floatTensor, strings, vectors, writePt } from '../../support/write-pt.ts';

const REFERENCE = new URL('../../../../shared/data/reference-v0/', import.meta.url).pathname;
const STRICT = { allowMissing: false };
const AGAIN = { allowMissing: false, embedAgain: true };

/** Two parts of three and two sequences, embedded on both sides. */
const PARTS = [
  ['c_chunk_1F1', 'c_chunk_1R2', 'c_chunk_2F3'],
  ['c_chunk_3F1', 'd_chunk_1R3'],
] as const;

async function embedded(more: Partial<PredictionRequest> = {}): Promise<PredictionScene> {
  const scene = await predictionScene(more);
  await splitParts(scene, PARTS);
  for (const [index, ids] of PARTS.entries()) {
    await embedPart(scene, 'nucleotide', index + 1, ids);
    await embedPart(scene, 'protein', index + 1, ids);
  }
  return scene;
}

/** The rows of a checkpoint by id. */
function rowsById(file: string): Map<string, number[]> {
  const opened = openCheckpointSync(file);
  const rows = new Map(opened.ids.map((id, row) => [id, [...opened.row(row)]]));
  opened.close();
  return rows;
}

/** Ids of a merged part; its rows are compared with those of both sides. */
function checkedIds(scene: PredictionScene, part: number): readonly string[] {
  const side = (name: SideName) => rowsById(scene.file(scene.paths.checkpoint(name, part)));
  const [nucleotide, protein] = [side('nucleotide'), side('protein')];
  const merged = rowsById(scene.file(scene.paths.mergedPart(part)));
  for (const [id, row] of merged) expect(row).toEqual([...nucleotide.get(id)!, ...protein.get(id)!]);
  return [...merged.keys()];
}

/** A merged checkpoint with these ids, put where part 1 has its own. */
async function putMerged(scene: PredictionScene, ids: readonly string[], content: Writable): Promise<string> {
  mkdirSync(scene.file(scene.paths.merged), { recursive: true });
  const root = pyDict([
    ['ids', strings(ids)],
    ['data', content],
  ]);
  return writePt(scene.file(scene.paths.mergedPart(1)), root);
}

async function failedLines(scene: PredictionScene): Promise<string[]> {
  const { entries } = await readFailedCheckpoints(scene.directory);
  return entries.map(({ path, reason }) => `${path.slice(scene.directory.length + 1)} ${reason}`);
}

describe('mergeEmbeddings', () => {
  it('two parts → rows by id in nucleotide order, bit by bit, on record; again → found, nothing written', async () => {
    const scene = await embedded();
    const result = { stem: 'in', merged: 2, rows: 5, missing: [], missingParts: 0 };
    expect(await mergeEmbeddings(scene, STRICT)).toEqual({ outcome: 'written', ...result });
    expect([checkedIds(scene, 1), checkedIds(scene, 2)]).toEqual(PARTS);
    const record = await readStageRecord(scene, 'merging');
    expect(record).toMatchObject({ facts: { parts: 2, merged: 2, rows: 5, missingParts: 0, missingSequences: 0 } });
    expect(record?.outputs.map(({ path }) => path)).toEqual([1, 2].map((part) => scene.paths.mergedPart(part)));

    const before = statSync(scene.file(scene.paths.mergedPart(1)), { bigint: true });
    expect(await mergeEmbeddings(scene, STRICT)).toEqual({ outcome: 'found', ...result });
    expect(statSync(scene.file(scene.paths.mergedPart(1)), { bigint: true }).mtimeNs).toBe(before.mtimeNs);
    expect(await readStageRecord(scene, 'merging')).toEqual(record);
  });

  it('one part merged, another killed half-way → goes on there, no temporary file stays', async () => {
    const scene = await embedded();
    await mergeEmbeddings(scene, STRICT);
    const folder = scene.file(scene.paths.merged);
    copyFileSync(scene.file(scene.paths.mergedPart(2)), join(folder, '.output_2_merged.pt.17-00112233445566aa.tmp'));
    unlinkSync(scene.file(scene.paths.mergedPart(2)));
    expect(await mergeEmbeddings(scene, STRICT)).toMatchObject({ outcome: 'written', merged: 2, rows: 5 });
    expect(readdirSync(folder).toSorted()).toEqual(['output_1_merged.pt', 'output_2_merged.pt']);
  });

  it('0.x checkpoints, lists of floats and other orders → matched by id', async () => {
    const scene = await predictionScene();
    const ids = ['a', 'b', 'c'];
    await splitParts(scene, [ids]);
    const numbers = Float64Array.from(rowValues(1, 3, 768), (value) => value + 1e-12);
    await writePt(
      scene.file(scene.paths.checkpoint('nucleotide', 1)),
      pyDict([
        ['nucleotide', strings(['b', 'a', 'c'])],
        [
          'data',
          pyList(3, (row) =>
            pyDict([
              ['label', ['b', 'a', 'c'][row] as string],
              ['mean_representation', pyFloats(768, (into) => into.set(numbers.subarray(row * 768, (row + 1) * 768)))],
            ]),
          ),
        ],
      ]),
    );
    const values = rowValues(2, 3, 2560);
    await writePt(
      scene.file(scene.paths.checkpoint('protein', 1)),
      pyDict([
        ['proteins', strings(['c', 'a', 'b'])],
        ['data', pyList(3, (row) => floatTensor([2560], values.slice(row * 2560, (row + 1) * 2560)))],
      ]),
    );
    await mergeEmbeddings(scene, STRICT);
    expect(checkedIds(scene, 1)).toEqual(ids);
    const merged = openCheckpointSync(scene.file(scene.paths.mergedPart(1)));
    expect(merged.row(0).slice(0, 768)).toEqual(Float32Array.from(numbers.subarray(768, 1536)));
    expect(merged.row(0).slice(768)).toEqual(values.subarray(2560, 5120));
    merged.close();
  });

  const others: [string, readonly string[], RegExp][] = [
    ['missing', ['c_chunk_1F1', 'c_chunk_1R2'], /expected 3, got 2, first difference .*c_chunk_2F3/u],
    ['extra', [...PARTS[0], 'x'], /expected 3, got 4, first difference .*x/u],
    ['other', ['c_chunk_1F1', 'c_chunk_1R2', 'x'], /first difference .*c_chunk_2F3.*x/u],
    ['doubled', ['c_chunk_1F1', 'c_chunk_1R2', 'c_chunk_1R2'], /first difference .*c_chunk_1R2/u],
  ];
  it.each(others)('an id %s in a checkpoint → incompatible, naming id and file', async (_, ids, message) => {
    const scene = await predictionScene();
    await splitParts(scene, [PARTS[0]]);
    await embedPart(scene, 'nucleotide', 1, PARTS[0]);
    await embedPart(scene, 'protein', 1, ids);
    const failure = mergeEmbeddings(scene, STRICT);
    await expect(failure).rejects.toMatchObject({ type: FailureType.CheckpointIncompatible });
    await expect(failure).rejects.toThrow(new RegExp(`output_1_ESM.pt: .*output_1.fa.*${message.source}`, 'u'));
    expect(readdirSync(scene.file(scene.paths.merged))).toEqual([]);
  });

  it('sequences on record as skipped on either side → left out and counted', async () => {
    const scene = await predictionScene();
    await splitParts(scene, [PARTS[0]]);
    await embedPart(scene, 'nucleotide', 1, [PARTS[0][0], PARTS[0][2]]);
    await embedPart(scene, 'protein', 1, PARTS[0].slice(0, 2));
    const skip = (side: SideName, ids: readonly string[], row: number) =>
      recordSkipped(scene.file(scene.paths.side(side)), scene.paths.checkpoint(side, 1).split('/')[1]!, ids, [
        { row, id: PARTS[0][row]!, reason: 'too long' },
      ]);
    await skip('nucleotide', [PARTS[0][0], PARTS[0][2]], 1);
    await skip('protein', PARTS[0].slice(0, 2), 2);
    const result = {
      merged: 1,
      rows: 1,
      missingParts: 0,
      missing: [{ path: scene.paths.mergedPart(1), reason: '2 of 3 sequences skipped: "c_chunk_1R2", "c_chunk_2F3"' }],
    };
    expect(await mergeEmbeddings(scene, STRICT)).toMatchObject({ outcome: 'written', ...result });
    expect(checkedIds(scene, 1)).toEqual([PARTS[0][0]]);
    expect(await mergeEmbeddings(scene, STRICT)).toMatchObject({ outcome: 'found', ...result });
    const trusting = { ...scene, request: { ...scene.request, skipCheckpointValidation: true } };
    expect(await mergeEmbeddings(trusting, STRICT)).toMatchObject({ outcome: 'found', ...result });
  });

  it('a checkpoint that is not there → corrupted: does not exist; where it may be missing → the part is left out', async () => {
    const scene = await predictionScene();
    await splitParts(scene, PARTS);
    for (const side of ['nucleotide', 'protein'] as const) await embedPart(scene, side, 2, PARTS[1]);
    await embedPart(scene, 'nucleotide', 1, PARTS[0]);
    const failure = mergeEmbeddings(scene, STRICT);
    await expect(failure).rejects.toMatchObject({ type: FailureType.CheckpointCorrupted });
    await expect(failure).rejects.toThrow('output_1_ESM.pt: corrupted: file does not exist');
    expect(await mergeEmbeddings(scene, { allowMissing: true })).toMatchObject({
      merged: 1,
      rows: 2,
      missingParts: 1,
      missing: [{ path: scene.paths.checkpoint('protein', 1), reason: 'corrupted: file does not exist' }],
    });
    await embedPart(scene, 'protein', 1, PARTS[0]);
    expect(await mergeEmbeddings(scene, STRICT)).toMatchObject({ outcome: 'written', merged: 2, rows: 5, missing: [] });
  });

  it('a split that is not on record → says which stage comes first', async () => {
    await expect(mergeEmbeddings(await predictionScene(), STRICT)).rejects.toThrow('has no record of splitting in');
  });

  it('aborted → its reason, nothing left behind', async () => {
    const scene = await embedded();
    const reason = new Error('enough');
    const controller = new AbortController();
    const running = mergeEmbeddings({ ...scene, signal: controller.signal }, STRICT);
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    const left = existsSync(scene.file(scene.paths.merged)) ? readdirSync(scene.file(scene.paths.merged)) : [];
    expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe('mergeEmbeddings: a merged checkpoint that is there', () => {
  const concatenation = async (scene: PredictionScene): Promise<Float32Array> => {
    await mergeEmbeddings(scene, STRICT);
    const merged = openCheckpointSync(scene.file(scene.paths.mergedPart(1)));
    const values = merged.slice();
    merged.close();
    rmSync(scene.file(scene.paths.merged), { recursive: true });
    return values;
  };

  it('of 0.x, with its rows in another order → kept as it is', async () => {
    const scene = await embedded();
    const values = await concatenation(scene);
    const turned = new Float32Array(values.length);
    for (const [row, from] of [2, 0, 1].entries()) {
      turned.set(values.subarray(from * 3328, (from + 1) * 3328), row * 3328);
    }
    const file = await putMerged(
      scene,
      [2, 0, 1].map((row) => PARTS[0][row]!),
      floatTensor([3, 3328], turned),
    );
    const bytes = readFileSync(file);
    expect(await mergeEmbeddings(scene, STRICT)).toMatchObject({ outcome: 'written', merged: 2, rows: 5 });
    expect(readFileSync(file).equals(bytes)).toBe(true);
    const record = await readStageRecord(scene, 'merging');
    expect(record?.outputs.map(({ kept }) => kept)).toEqual([true, undefined]);
  });

  type Spoil = (scene: PredictionScene, values: Float32Array) => Promise<unknown>;
  const bad: [string, string, RegExp, Spoil][] = [
    [
      'no rows [0, 3328]',
      FailureType.CheckpointIncompatible,
      /data holds no rows/u,
      (scene) => putMerged(scene, [], floatTensor([0, 3328], new Float32Array())),
    ],
    [
      'other ids',
      FailureType.CheckpointIncompatible,
      /ids do not match output_1.fa: .*"c_chunk_2F3": expected, but missing/u,
      (scene, values) => putMerged(scene, ['c_chunk_1F1', 'c_chunk_1R2', 'x'], floatTensor([3, 3328], values)),
    ],
    [
      'another value',
      FailureType.CheckpointIncompatible,
      /row 1 \("c_chunk_1R2"\) is not that of its embeddings: value 7: expected .*, got 42/u,
      (scene, values) => {
        const other = Float32Array.from(values);
        other[3328 + 7] = 42;
        return putMerged(scene, PARTS[0], floatTensor([3, 3328], other));
      },
    ],
    [
      'a flipped bit',
      FailureType.CheckpointCorrupted,
      /corrupted: .*CRC/u,
      async (scene, values) => {
        const file = await putMerged(scene, PARTS[0], floatTensor([3, 3328], values));
        const bytes = readFileSync(file);
        bytes[bytes.indexOf(Buffer.from(values.buffer, 3328 * 4, 64)) + 5]! ^= 1;
        writeFileSync(file, bytes);
      },
    ],
    [
      'no content',
      FailureType.CheckpointCorrupted,
      /file is 0 bytes/u,
      async (scene) => {
        mkdirSync(scene.file(scene.paths.merged));
        writeFileSync(scene.file(scene.paths.mergedPart(1)), '');
      },
    ],
  ];
  it.each(bad)('with %s → %s; recompute: made anew; skip: left out', async (_, type, message, spoil) => {
    const scene = await embedded();
    await spoil(scene, await concatenation(scene));
    const name = scene.paths.mergedPart(1);
    const before = readFileSync(scene.file(name));
    const failure = mergeEmbeddings(scene, STRICT);
    await expect(failure).rejects.toMatchObject({ type });
    await expect(failure).rejects.toThrow(message);
    expect(existsSync(scene.file(scene.paths.mergedPart(2)))).toBe(false);

    const asked = (onBadCheckpoint: 'skip' | 'recompute') => ({
      ...scene,
      request: { ...scene.request, onBadCheckpoint },
    });
    expect(await mergeEmbeddings(asked('skip'), STRICT)).toMatchObject({
      merged: 1,
      rows: 2,
      missingParts: 1,
      missing: [{ path: name, reason: expect.stringMatching(/^left as it is: /u) as string }],
    });
    expect(readFileSync(scene.file(name)).equals(before)).toBe(true);

    expect(await mergeEmbeddings(asked('recompute'), STRICT)).toMatchObject({ outcome: 'written', merged: 2, rows: 5 });
    expect(checkedIds(scene, 1)).toEqual(PARTS[0]);
    const aside = readdirSync(scene.file(scene.paths.merged)).find((file) => file.includes('.bad-'));
    expect(readFileSync(join(scene.file(scene.paths.merged), aside!)).equals(before)).toBe(true);
    const lines = await failedLines(scene);
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toMatch(new RegExp(`^${name} (corrupted|incompatible): `, 'u'));
  });

  it('that was never completed → moved aside and made anew, no failure', async () => {
    const scene = await embedded();
    const values = await concatenation(scene);
    mkdirSync(scene.file(scene.paths.merged));
    const content = { ids: PARTS[0], dim: 3328, values, status: 'in_progress' };
    await writePt(scene.file(scene.paths.mergedPart(1)), vectors(content));
    expect(await mergeEmbeddings(scene, STRICT)).toMatchObject({ outcome: 'written', merged: 2, rows: 5 });
    expect(checkedIds(scene, 1)).toEqual(PARTS[0]);
    expect(await failedLines(scene)).toEqual([]);
  });

  it('believed content → other values are kept, another number of rows is not', async () => {
    const scene = await embedded({ skipCheckpointValidation: true });
    const values = await concatenation(scene);
    values[0] = 42;
    await putMerged(scene, PARTS[0], floatTensor([3, 3328], values));
    expect(await mergeEmbeddings(scene, STRICT)).toMatchObject({ merged: 2, rows: 5 });
    const other = await embedded({ skipCheckpointValidation: true });
    await putMerged(other, ['c_chunk_1F1'], floatTensor([1, 3328], values.subarray(0, 3328)));
    await expect(mergeEmbeddings(other, STRICT)).rejects.toThrow('expected 3, got 1');
  });
});

describe('mergeEmbeddings: one bit of a value in an embedding has flipped', () => {
  const NAME = 'in_protein/output_1_ESM.pt';

  /** @returns the damaged file and its scene, as the request deals with bad checkpoints */
  async function damaged(more: Partial<PredictionRequest>, merged = false): Promise<PredictionScene> {
    const scene = await embedded(more);
    if (merged) await mergeEmbeddings(scene, STRICT);
    const file = scene.file(NAME);
    const bytes = readFileSync(file);
    const values = Buffer.from(rowValues(101, 3, 2560).buffer);
    bytes[bytes.indexOf(values.subarray(4 * 2560, 4 * 2560 + 64)) + 5]! ^= 1;
    writeFileSync(file, bytes);
    return scene;
  }

  it('fail → corrupted, naming it and no merged file; nothing of it is published', async () => {
    const scene = await damaged({ onBadCheckpoint: 'fail' });
    const failure = mergeEmbeddings(scene, STRICT);
    await expect(failure).rejects.toMatchObject({ type: FailureType.CheckpointCorrupted, path: scene.file(NAME) });
    await expect(failure).rejects.toThrow(/output_1_ESM.pt: corrupted: .*CRC.*put the file back/u);
    expect(existsSync(scene.file(scene.paths.mergedPart(1)))).toBe(false);
    expect(await failedLines(scene)).toEqual([expect.stringMatching(new RegExp(`^${NAME} corrupted: `, 'u'))]);
  });

  it('merged before, recompute → the embedding is set aside, not the merged file; embedded anew → found', async () => {
    const scene = await damaged({ onBadCheckpoint: 'recompute' }, true);
    const merged = readFileSync(scene.file(scene.paths.mergedPart(1)));
    const failure = mergeEmbeddings(scene, STRICT);
    await expect(failure).rejects.toMatchObject({ type: FailureType.CheckpointCorrupted, path: scene.file(NAME) });
    await expect(failure).rejects.toThrow('start again, and it is embedded anew');
    expect(readdirSync(scene.file(scene.paths.merged)).toSorted()).toEqual([
      'output_1_merged.pt',
      'output_2_merged.pt',
    ]);
    expect(readFileSync(scene.file(scene.paths.mergedPart(1))).equals(merged)).toBe(true);
    expect(existsSync(scene.file(NAME))).toBe(false);
    expect(
      readdirSync(scene.file(scene.paths.side('protein'))).some((name) => name.startsWith('output_1_ESM.pt.bad-')),
    ).toBe(true);
    await embedPart(scene, 'protein', 1, PARTS[0]);
    expect(await mergeEmbeddings(scene, STRICT)).toMatchObject({ outcome: 'found', merged: 2, rows: 5 });
  });

  it('recompute by a caller who embeds again → counted, listed and set aside; embedded anew → written', async () => {
    const scene = await damaged({ onBadCheckpoint: 'recompute' });
    expect(await mergeEmbeddings(scene, AGAIN)).toEqual({
      ...{ outcome: 'found', stem: 'in', merged: 0, rows: 0, missing: [], missingParts: 0, setAside: 1 },
    });
    expect(await failedLines(scene)).toHaveLength(1);
    expect(existsSync(scene.file(NAME))).toBe(false);
    // An attempt that died after it had set the file aside told nobody.
    expect(await mergeEmbeddings(scene, AGAIN)).toMatchObject({ merged: 0, setAside: 1 });
    expect(await failedLines(scene)).toHaveLength(1);
    await embedPart(scene, 'protein', 1, PARTS[0]);
    const merged = await mergeEmbeddings(scene, AGAIN);
    expect(merged).toMatchObject({ outcome: 'written', merged: 2, rows: 5 });
    expect(merged.setAside).toBeUndefined();
  });

  it('fail or skip, by a caller who embeds again → as by any other', async () => {
    const failing = await damaged({ onBadCheckpoint: 'fail' });
    await expect(mergeEmbeddings(failing, AGAIN)).rejects.toMatchObject({ type: FailureType.CheckpointCorrupted });
    const skipping = await damaged({ onBadCheckpoint: 'skip' });
    expect(await mergeEmbeddings(skipping, AGAIN)).toMatchObject({ merged: 1, missingParts: 1 });
    expect([existsSync(failing.file(NAME)), existsSync(skipping.file(NAME))]).toEqual([true, true]);
  });

  it('skip → its part is left out and reported, the file stays', async () => {
    const scene = await damaged({ onBadCheckpoint: 'skip' });
    expect(await mergeEmbeddings(scene, STRICT)).toMatchObject({
      merged: 1,
      rows: 2,
      missingParts: 1,
      missing: [{ path: NAME, reason: expect.stringMatching(/^corrupted: .*CRC/u) as string }],
    });
    expect(existsSync(scene.file(NAME))).toBe(true);
    expect(await failedLines(scene)).toHaveLength(1);
  });

  it('one in each of two parts → one start lists both and sets both aside', async () => {
    const scene = await damaged({ onBadCheckpoint: 'recompute' });
    const other = scene.file(scene.paths.checkpoint('nucleotide', 2));
    const bytes = readFileSync(other);
    bytes[bytes.indexOf(Buffer.from(rowValues(2, 2, 768).buffer, 0, 64)) + 5]! ^= 1;
    writeFileSync(other, bytes);
    await expect(mergeEmbeddings(scene, STRICT)).rejects.toThrow('(and 1 more, see failed_checkpoints.txt)');
    expect([existsSync(scene.file(NAME)), existsSync(other)]).toEqual([false, false]);
    expect(await failedLines(scene)).toHaveLength(2);
  });

  it('believed content → merged as it is', async () => {
    const scene = await damaged({ skipCheckpointValidation: true });
    expect(await mergeEmbeddings(scene, STRICT)).toMatchObject({ outcome: 'written', merged: 2, rows: 5 });
  });
});

describe.runIf(existsSync(REFERENCE))('mergeEmbeddings on the files of the reference', () => {
  const IDS = ['seq1_chunk_1R1', 'seq1_chunk_1R3', 'seq2_chunk_1R1', 'seq2_chunk_1R3'].map((id) => `fixed_500bp_${id}`);

  it('its two embeddings → its merged values, bit by bit; its own merged file → found', async () => {
    const scene = await predictionScene();
    await splitParts(scene, [IDS]);
    for (const [side, name] of [
      ['nucleotide', 'DNABERT_S'],
      ['protein', 'ESM'],
    ] as const) {
      copyFileSync(join(REFERENCE, `output_1_${name}.pt`), scene.file(scene.paths.checkpoint(side, 1)));
    }
    expect(await mergeEmbeddings(scene, STRICT)).toMatchObject({ outcome: 'written', rows: 4 });
    const [ours, theirs] = [scene.file(scene.paths.mergedPart(1)), join(REFERENCE, 'output_1_merged.pt')].map((file) =>
      openCheckpointSync(file),
    );
    expect(ours!.ids).toEqual(theirs!.ids);
    expect(new Uint32Array(ours!.slice().buffer)).toEqual(new Uint32Array(theirs!.slice().buffer));
    ours!.close();
    theirs!.close();

    copyFileSync(join(REFERENCE, 'output_1_merged.pt'), scene.file(scene.paths.mergedPart(1)));
    expect(await mergeEmbeddings(scene, STRICT)).toMatchObject({ outcome: 'found', rows: 4 });
  });

  it('proteins in order of their lengths, as the original writes them → the same merged values', async () => {
    const scene = await predictionScene();
    await splitParts(scene, [IDS]);
    copyFileSync(join(REFERENCE, 'output_1_DNABERT_S.pt'), scene.file(scene.paths.checkpoint('nucleotide', 1)));
    const protein = openCheckpointSync(join(REFERENCE, 'output_1_ESM.pt'));
    const order = [3, 1, 0, 2];
    await writePt(
      scene.file(scene.paths.checkpoint('protein', 1)),
      pyDict([
        ['proteins', strings(order.map((row) => protein.ids[row]!))],
        ['data', pyList(4, (row) => floatTensor([2560], protein.row(order[row]!)))],
      ]),
    );
    protein.close();
    mkdirSync(scene.file(scene.paths.merged));
    copyFileSync(join(REFERENCE, 'output_1_merged.pt'), scene.file(scene.paths.mergedPart(1)));
    expect(await mergeEmbeddings(scene, STRICT)).toMatchObject({ outcome: 'found', rows: 4 });
  });
});
