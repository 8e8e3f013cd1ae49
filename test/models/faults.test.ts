// What may go wrong with a model's process, through the whole workflow: the rows that are left are right, and whoever is to
// blame is named.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { FailureType } from '../../src/contract/failure-types.ts';
import { EmbedderDiedError } from '../../src/embedders/embedder-error.ts';
import { embedderFactory } from '../../src/embedders/index.ts';
import type { Embedder } from '../../src/embedders/types.ts';
import { goldenRows, largestDifference, type GoldenModel } from '../support/golden-rows.ts';
import { ModelPlace, rehearsal, serveModels, type ModelRuns } from '../support/model-runs.ts';
import { proteins, writeInput } from '../support/protein-inputs.ts';
import { contentOf, leftovers } from '../support/run-folder.ts';

const TINY = { layers: 2, hidden: 16, heads: 2, intermediate: 32 };
const MODEL: GoldenModel = { embedder: 'esm2-8m', randomInit: 0, tiny: TINY };
const LIVE = new AbortController().signal;
const TASK = { file: '/in/a.faa', scratchFolder: '/nowhere' };

/** More than any test of faults embeds, so that their rows are computed once. */
const RECORDS = proteins(
  'a',
  Array.from({ length: 600 }, (_, index) => 5 + ((index * 37) % 60)),
);

let runs: ModelRuns;
let golden: Map<string, number[]>;

beforeAll(async () => {
  runs = await serveModels(['esm2-8m']);
  const weights = mkdtempSync(join(tmpdir(), 'virnucpro-golden-'));
  golden = goldenRows(MODEL, weights, RECORDS);
  rmSync(weights, { recursive: true });
});

afterAll(() => runs?.stop());

/** Each row of a checkpoint must be that of its sequence alone. */
async function expectRows({ out }: ModelPlace, ids: readonly string[]): Promise<void> {
  const found = await contentOf(join(out, 'a_ESM2_8M.pt'));
  expect(found.ids).toEqual(ids);
  const expected = ids.map((id) => golden.get(id));
  expect(largestDifference(found.rows, expected)).toBeLessThanOrEqual(1e-5);
}

/**
 * Runs a file of so many records with a fault; every record but those that are left out must have its row.
 *
 * @returns why records were left out
 */
async function survive(faults: object, left: readonly string[], records: number): Promise<string[]> {
  const at = new ModelPlace();
  const named = RECORDS.slice(0, records);
  writeInput(at.folder, 'a.faa', named);
  const asked = at.asked('esm2-8m', rehearsal(TINY, faults), { batchSize: 3, onBadSequence: 'skip' });
  const outcome = await runs.run(asked);
  const kept = named.map(([id]) => id).filter((id) => !left.includes(id));
  expect(outcome).toMatchObject({ rows: kept.length, skippedSequences: left.length, failed: 0 });
  await expectRows(at, kept);
  const listed = at.listed('failed_sequences.txt');
  expect(listed.map(([, , id]) => id)).toEqual(left);
  return listed.map(([, , , reason = '']) => reason);
}

describe('records that the process fails on', () => {
  it.each([
    ['kills itself on', { crashOn: ['a_1'] }, /was killed by SIGKILL/u],
    ['loses its context on', { poisonOn: ['a_1'] }, /CUDA error/u],
    ['has too little memory for', { oomOn: ['a_1'] }, /memory/u],
    ['gives NaN for, in float32 too', { nanAlways: ['a_1'] }, /not finite/u],
  ])('one that it %s → that one listed, the others have their rows', async (_, faults, reason) => {
    expect((await survive(faults, ['a_1'], 4))[0]).toMatch(reason);
  });

  it('NaN in low precision only → computed again in float32, nothing is left out', async () => {
    await survive({ nanOn: ['a_1', 'a_7'] }, [], 12);
  });

  it('batches that do not fit into memory → halved inside, nothing is left out; noise on stdout is logged', async () => {
    await survive({ oomAbove: 130, stdoutNoise: true }, [], 12);
    expect(runs.printed.some((line) => line.includes('noise'))).toBe(true);
  });

  it('an unknown letter → named with its place; as X where that is asked for', async () => {
    const at = new ModelPlace();
    writeInput(at.folder, 'a.faa', [...proteins('a', [20]), ['bad', 'MKVJA'], ['stop', 'MKV*'], ...proteins('b', [5])]);
    expect(await runs.run(at.asked('esm2-8m', rehearsal(TINY)))).toMatchObject({ outcome: 'partial', failed: 1 });
    expect(at.listed('failed_files.txt')[0]?.[2]).toMatch(
      /record "bad" of .*a\.faa cannot be embedded: .*'J' at position 4 .*unknown=replace/u,
    );
    const other = new ModelPlace();
    writeInput(other.folder, 'a.faa', [
      ['bad', 'MKVJA'],
      ['same', 'MKVXA'],
    ]);
    await runs.run(other.asked('esm2-8m', { ...rehearsal(TINY), unknown: 'replace' }));
    const { rows } = await contentOf(join(other.out, 'a_ESM2_8M.pt'));
    expect(rows[0]).toEqual(rows[1]);
    expect(other.json('run.json')).toMatchObject({ embedders: { 'esm2-8m': { fingerprint: { unknown: 'replace' } } } });
  });
});

describe('a process that is killed while it works', () => {
  it('kill -9 → another goes on; every row once, in order, and right', async () => {
    const at = new ModelPlace();
    writeInput(at.folder, 'a.faa', RECORDS);
    const run = await runs.start(at.asked('esm2-8m', { ...rehearsal(TINY), seed: '0' }, { batchSize: 2 }));
    while (durableBytes(at) < 16 * 4 * 20) await sleep(5);
    const victims = sidecars();
    for (const pid of victims) process.kill(pid, 'SIGKILL');
    expect(victims.length).toBeGreaterThan(0);
    expect(durableBytes(at)).toBeLessThan(16 * 4 * 600);
    expect(await run.result()).toMatchObject({ outcome: 'success', rows: 600 });
    await expectRows(
      at,
      RECORDS.map(([id]) => id),
    );
    expect(leftovers(at.out)).toEqual([]);
  });
});

describe('the process as the adapter sees it', () => {
  async function started(faults: object, options: Record<string, string> = {}): Promise<Embedder> {
    const factory = embedderFactory('esm2-8m');
    const all = { ...rehearsal(TINY, faults), ...options };
    const embedder = factory.create(all, factory.describe(all, 'protein'), () => {});
    onTestFinished(() => embedder.stop());
    await embedder.start(LIVE);
    return embedder;
  }

  const items = proteins('a', [9, 30]).map(([id, letters], ordinal) => ({ id, ordinal, sequence: letters }));

  it('a hang → killed when the patience is over; what it started again goes on', async () => {
    const embedder = await started({ hangOn: ['a_0'] }, { stallSeconds: '40' });
    const error = await embedder.embed(TASK, items, LIVE).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EmbedderDiedError);
    expect((error as Error).message).toContain('gave no sign of life for 40 s');
    await embedder.start(LIVE);
    expect(await embedder.embed(TASK, items.slice(1), LIVE)).toHaveLength(TINY.hidden);
  });

  it('garbage among the answers → killed, and never taken for rows', async () => {
    const embedder = await started({ garbage: true });
    const error = await embedder.embed(TASK, items, LIVE).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EmbedderDiedError);
    expect((error as Error).message).toContain('broke the protocol');
    expect(embedder.alive).toBe(false);
  });

  it('another protocol → refused, saying which side is older', async () => {
    await expect(started({ protocol: 99 })).rejects.toThrow(
      'speaks protocol 99, this worker speaks 1: this worker is older',
    );
  });

  it('a slow load → waited for', async () => {
    expect((await started({ slowLoadMs: 4000 }, { stallSeconds: '60' })).alive).toBe(true);
  });

  it('a GPU that is not there → EmbeddingError.DeviceLost', async () => {
    await expect(started({}, { device: 'cuda' })).rejects.toMatchObject({ type: FailureType.EmbeddingDeviceLost });
  });
});

/** Bytes of rows in all spools. */
function durableBytes({ out }: ModelPlace): number {
  const segments = leftovers(out).filter((name) => /\/spool\/.*\.rows$/u.test(name));
  return segments.reduce((sum, name) => sum + sizeOf(join(out, name)), 0);
}

function sizeOf(file: string): number {
  try {
    return readFileSync(file).length;
  } catch {
    return 0;
  }
}

/** Processes of models that this process has started. */
function sidecars(): number[] {
  const children = readdirSync(`/proc/${process.pid}/task`).flatMap((thread) =>
    ofProcess(`${process.pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
  return children.filter((pid) => ofProcess(`${pid}/cmdline`).includes('virnucpro_sidecar'));
}

/** Nothing of a thread or process that has ended meanwhile. */
function ofProcess(file: string): string {
  try {
    return readFileSync(`/proc/${file}`, 'utf8');
  } catch {
    return '';
  }
}
