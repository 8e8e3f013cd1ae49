// Models through Temporal, with a stand-in for their Python process: what a run folder is bound to, batches by letters, and
// records that are refused. The real process: test/models.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunOptions } from '../../src/client/index.ts';
import { FailureType } from '../../src/contract/failure-types.ts';
import { fakeVector } from '../../src/embedders/fake/fake-vector.ts';
import { ModelPlace, rehearsal, serveModels, type ModelRuns } from '../support/model-runs.ts';
import { proteins, writeInput } from '../support/protein-inputs.ts';
import { contentOf, leftovers } from '../support/run-folder.ts';

const STAND_IN = fileURLToPath(new URL('../support/sidecar-stand-in.mjs', import.meta.url));
const DIM = 4;

let runs: ModelRuns;
const folder = mkdtempSync(join(tmpdir(), 'virnucpro-stand-in-'));

beforeAll(async () => {
  const python = join(folder, 'python');
  writeFileSync(python, `#!/bin/sh\nexec "${process.execPath}" "${STAND_IN}" "$@"\n`);
  chmodSync(python, 0o755);
  process.env['VIRNUCPRO_SIDECAR_PYTHON'] = python;
  runs = await serveModels(['esm2-8m']);
});

afterAll(async () => {
  await runs?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Asked {
  faults?: object;
  options?: Record<string, string>;
  more?: Partial<RunOptions>;
}

function run(at: ModelPlace, { faults, options = {}, more = {} }: Asked = {}) {
  return runs.run(at.asked('esm2-8m', { ...rehearsal({ hidden: DIM }, faults), ...options }, more));
}

const BOUND = { weightsDigest: 'random-init:0', dtype: 'float32', tokenizer: 'sha256:01' };

describe('what a run folder is bound to', () => {
  it('a run → rows, and run.json says what was loaded and that the weights are random', async () => {
    const at = new ModelPlace();
    const records = proteins('a', [30, 7, 90]);
    writeInput(at.folder, 'a.faa', records);
    expect(await run(at)).toMatchObject({ outcome: 'success', rows: 3 });
    const { ids, rows } = await contentOf(join(at.out, 'a_ESM2_8M.pt'));
    expect(ids).toEqual(records.map(([id]) => id));
    expect(rows).toEqual(records.map(([, sequence]) => [...fakeVector(sequence, DIM)]));
    const fingerprint = {
      ...{ model: 'facebook/esm2_t6_8M_UR50D', weights: 'random-init', seed: 0, dim: DIM, pooling: 'mean-residues' },
      ...{ maxLength: 1024, tooLong: 'reject', unknown: 'reject', ...BOUND },
    };
    expect(at.json('run.json')).toMatchObject({ embedders: { 'esm2-8m': { fingerprint } } });
    expect(at.json('.virnucpro/models/esm2-8m.json')).toMatchObject({ schema: 1, fingerprint: BOUND });
    expect(leftovers(at.out)).toEqual([]);
  });

  it('trained weights in a folder with random ones, another seed → CheckpointError.Incompatible naming it', async () => {
    const at = new ModelPlace();
    writeInput(at.folder, 'a.faa', proteins('a', [30]));
    await run(at);
    expect(await runs.run(at.asked('esm2-8m', {}))).toMatchObject({
      ...{ outcome: 'checkpoint', exitCode: 3, failureType: FailureType.CheckpointIncompatible },
      message: expect.stringMatching(/embedder esm2-8m, weights: random-init in run\.json, trained now/u),
    });
    expect(await run(at, { options: { seed: '5' } })).toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('seed: 0 in run.json, 5 now'),
    });
  });

  it.each([
    ['dtype', { dtype: 'bfloat16' }, 'differs in dtype: float32 in run.json, bfloat16 here'],
    ['tokenizer', { tokenizer: 'sha256:02' }, 'differs in tokenizer: sha256:01 in run.json, sha256:02 here'],
  ])('a worker that loads another %s → refused before its first batch, exit code 3', async (_, handshake, message) => {
    const at = new ModelPlace();
    writeInput(at.folder, 'a.faa', proteins('a', [30]));
    await run(at);
    writeInput(at.folder, 'b.faa', proteins('b', [30]));
    expect(await run(at, { faults: { handshake } })).toMatchObject({
      ...{ outcome: 'checkpoint', exitCode: 3, failureType: FailureType.CheckpointIncompatible },
      message: expect.stringContaining(message),
    });
    expect(await run(at)).toMatchObject({ outcome: 'success', found: 1, embedded: 1 });
  });

  it('a dtype that is asked for and is not the one of the folder → refused when the run is checked', async () => {
    const at = new ModelPlace();
    writeInput(at.folder, 'a.faa', proteins('a', [30]));
    await run(at);
    expect(await run(at, { options: { dtype: 'float16' } })).toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('embedder esm2-8m, dtype: float32 in run.json, float16 now'),
    });
    expect(await run(at, { options: { dtype: 'float32' } })).toMatchObject({ outcome: 'success', found: 1 });
  });
});

describe('batches', () => {
  it('many letters → requests of so many letters; many records → of so many records; rows in order all the same', async () => {
    const at = new ModelPlace();
    const records = proteins('a', [
      ...Array.from({ length: 300 }, () => 1000),
      ...Array.from({ length: 1500 }, () => 4),
    ]);
    writeInput(at.folder, 'a.faa', records);
    runs.printed.length = 0;
    expect(await run(at, { faults: { tellRequests: true } })).toMatchObject({ outcome: 'success', rows: 1800 });
    const requests = runs.printed.flatMap((line) => /^request (\d+) (\d+)$/u.exec(line)?.slice(1).map(Number) ?? []);
    // 132 × 1000 letters are the first count over 131,072; what is left of the long ones goes with short ones.
    expect(requests).toEqual([132, 132_000, 132, 132_000, 1024, 39_952, 512, 2048]);
    const { ids } = await contentOf(join(at.out, 'a_ESM2_8M.pt'));
    expect(ids).toEqual(records.map(([id]) => id));
  });
});

describe('records that the model refuses', () => {
  const BAD = [...proteins('a', [30, 5]), ['bad', 'MKJV'], ['long', 'M'.repeat(1025)], ...proteins('z', [9])] as const;

  it('→ the file fails naming the first of them', async () => {
    const at = new ModelPlace();
    writeInput(at.folder, 'a.faa', BAD);
    writeInput(at.folder, 'b.faa', proteins('b', [30]));
    expect(await run(at)).toMatchObject({ outcome: 'partial', exitCode: 2, embedded: 1, failed: 1 });
    const [[file = '', embedder, reason] = []] = at.listed('failed_files.txt');
    expect([basename(file), embedder]).toEqual(['a.faa', 'esm2-8m']);
    expect(reason).toMatch(
      /^record "bad" of .*a\.faa cannot be embedded: embedder esm2-8m: record "bad": letter J at 3/u,
    );
  });

  it('--on-bad-sequence skip → each listed with its reason, the others have their rows', async () => {
    const at = new ModelPlace();
    writeInput(at.folder, 'a.faa', BAD);
    const more = { onBadSequence: 'skip' } as const;
    expect(await run(at, { more })).toMatchObject({ outcome: 'partial', embedded: 1, rows: 3, skippedSequences: 2 });
    expect(at.listed('failed_sequences.txt').map(([, , ...fields]) => fields)).toEqual([
      ['bad', 'embedder esm2-8m: record "bad": letter J at 3'],
      ['long', 'embedder esm2-8m: record "long": 1025 letters; --chunk-length cuts sequences into windows'],
    ]);
    expect((await contentOf(join(at.out, 'a_ESM2_8M.pt'))).ids).toEqual(['a_0', 'a_1', 'z_0']);
  });

  it('all of a file, with skip → the file fails, the others do not', async () => {
    const at = new ModelPlace();
    writeInput(at.folder, 'a.faa', [
      ['x', 'J'],
      ['y', 'JJ'],
    ]);
    writeInput(at.folder, 'b.faa', proteins('b', [30]));
    const outcome = await run(at, { more: { onBadSequence: 'skip' } });
    expect(outcome).toMatchObject({ outcome: 'partial', exitCode: 2, embedded: 1, failed: 1 });
    const [[, , reason] = []] = at.listed('failed_files.txt');
    expect(reason).toMatch(
      /^none of the 2 records of .*a\.faa can be embedded, first .*letter J at 1; leave the file out/u,
    );
  });
});

describe('a start that cannot succeed', () => {
  it('no weights → the files fail with its message, the process is started once for all of them', async () => {
    const at = new ModelPlace();
    for (const name of ['a', 'b', 'c']) writeInput(at.folder, `${name}.faa`, proteins(name, [30]));
    expect(await run(at, { faults: { startFails: FailureType.EmbeddingEmbedder } })).toMatchObject({
      ...{ outcome: 'partial', failed: 3, embedded: 0 },
    });
    for (const [, , reason] of at.listed('failed_files.txt')) expect(reason).toContain('no weights; get them');
  });
});
