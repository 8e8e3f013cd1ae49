import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FailureType } from '../../../../src/contract/failure-types.ts';
import { BadRowsError } from '../../../../src/embedders/bad-rows.ts';
import { EmbedderDiedError } from '../../../../src/embedders/embedder-error.ts';
import { fakeVector } from '../../../../src/embedders/fake/fake-vector.ts';
import { SIDECAR_MODELS } from '../../../../src/embedders/sidecar/catalog.ts';
import { SidecarEmbedder } from '../../../../src/embedders/sidecar/sidecar-embedder.ts';
import { readSidecarOptions, type SidecarSettings } from '../../../../src/embedders/sidecar/sidecar-settings.ts';
import { embedderFactory } from '../../../../src/embedders/index.ts';
import type { EmbedItem } from '../../../../src/embedders/types.ts';

const STAND_IN = fileURLToPath(new URL('../../../support/sidecar-stand-in.mjs', import.meta.url));
const LIVE = new AbortController().signal;
const TASK = { file: '/in/a.faa', scratchFolder: '/nowhere' };
const DIM = 4;
const MODEL = SIDECAR_MODELS.find(({ name }) => name === 'esm2-8m')!;

interface Setup {
  faults?: Record<string, unknown>;
  options?: Record<string, string>;
  stallMs?: number;
}

function sidecar({ faults = {}, options = {}, stallMs = 60_000 }: Setup = {}) {
  const all = { randomInit: 'true', rehearsal: JSON.stringify({ tiny: { hidden: DIM }, faults }), ...options };
  const description = embedderFactory('esm2-8m').describe(all, 'protein');
  const lines: string[] = [];
  const started: SidecarSettings[] = [];
  const embedder = new SidecarEmbedder(
    description,
    { ...readSidecarOptions(MODEL, all), stallSeconds: stallMs / 1000 },
    (line) => void lines.push(line),
    (settings) => {
      started.push(settings);
      return { command: process.execPath, args: [STAND_IN, JSON.stringify(settings)] };
    },
  );
  onTestFinished(() => embedder.stop());
  return { embedder, lines, started };
}

function records(...sequences: string[]): EmbedItem[] {
  return sequences.map((sequence, ordinal) => ({ id: `p${ordinal}`, ordinal, sequence }));
}

async function failureOf(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => error as Error,
  );
}

describe('SidecarEmbedder', () => {
  it('a batch → its rows in order, and what was loaded', async () => {
    const { embedder, lines } = sidecar();
    expect(embedder.loaded).toBeUndefined();
    await embedder.start(LIVE);
    const rows = await embedder.embed(TASK, records('MKV', 'GG'), LIVE);
    expect(rows).toEqual(Float32Array.from([...fakeVector('MKV', DIM), ...fakeVector('GG', DIM)]));
    expect(embedder.loaded).toEqual({ weightsDigest: 'random-init:0', dtype: 'float32', tokenizer: 'sha256:01' });
    expect(embedder.environment).toMatchObject({ device: expect.stringContaining('cpu') });
    expect(lines).toContain('embedder esm2-8m: stand-in, random-init:0, float32 on cpu');
  });

  it('two starts at once → one process', async () => {
    const { embedder, started } = sidecar();
    await Promise.all([embedder.start(LIVE), embedder.start(LIVE)]);
    expect(started).toHaveLength(1);
  });

  it('records that it refuses → named with their reasons, the other rows kept', async () => {
    const { embedder } = sidecar({ options: { maxLength: '5' } });
    await embedder.start(LIVE);
    const items = records('MKV', 'MJ', 'MKVLAA', 'GG');
    const error = await failureOf(embedder.embed(TASK, items, LIVE));
    expect(error).toBeInstanceOf(BadRowsError);
    expect(error).toMatchObject({
      type: FailureType.EmbeddingInvalidInput,
      bad: [
        { index: 1, refused: true, reason: 'embedder esm2-8m: record "p1": letter J at 2' },
        {
          index: 2,
          refused: true,
          reason: 'embedder esm2-8m: record "p2": 6 letters; --chunk-length cuts sequences into windows',
        },
      ],
    });
    const sound = (error as BadRowsError).soundRows(items);
    expect(sound.items.map(({ id }) => id)).toEqual(['p0', 'p3']);
    expect(sound.vectors).toEqual(Float32Array.from([...fakeVector('MKV', DIM), ...fakeVector('GG', DIM)]));
  });

  it('rows of NaN, said or not → named, but not refused for good', async () => {
    const { embedder } = sidecar({ faults: { nanAlways: ['p0'], silentNanOn: ['p2'] } });
    await embedder.start(LIVE);
    const error = await failureOf(embedder.embed(TASK, records('M', 'K', 'V'), LIVE));
    expect(error).toMatchObject({ bad: [{ index: 0, refused: false }, { index: 2 }] });
    const silent = await failureOf(embedder.embed(TASK, records('M', 'K', 'V').slice(1), LIVE));
    expect(silent).toMatchObject({ bad: [{ index: 1, reason: expect.stringContaining('NaN for record "p2"') }] });
  });

  it('too large beside others → a bad row; alone → out of memory', async () => {
    const { embedder } = sidecar({ faults: { oomOn: ['p1'] } });
    await embedder.start(LIVE);
    const items = records('M', 'K');
    expect(await failureOf(embedder.embed(TASK, items, LIVE))).toMatchObject({ bad: [{ index: 1, refused: false }] });
    expect(await failureOf(embedder.embed(TASK, items.slice(1), LIVE))).toMatchObject({
      type: FailureType.EmbeddingOutOfMemory,
      message: 'embedder esm2-8m: record "p1": out of memory',
    });
  });

  it.each([
    [{ protocol: 2 }, /speaks protocol 2, this worker speaks 1: this worker is older/u],
    [{ protocol: 0 }, /speaks protocol 0, this worker speaks 1: its Python side is older/u],
    [{ handshake: { protocol: null } }, /speaks protocol none, .*its Python side is older/u],
    [{ handshake: { dim: 640 } }, /has dim 640, this worker expects 4/u],
    [{ handshake: { pooling: 'mean-all-tokens' } }, /has pooling mean-all-tokens, this worker expects mean-residues/u],
    [{ handshake: { embedder: 'esm2-3b' } }, /has embedder esm2-3b, this worker expects esm2-8m/u],
    [{ handshake: { weights: 'sha256:ff' } }, /asked for random-init weights, its Python side has loaded sha256:ff/u],
  ])('a handshake with %j → refused, and the process is gone', async (faults, message) => {
    const { embedder } = sidecar({ faults });
    const error = await failureOf(embedder.start(LIVE));
    expect(error).toMatchObject({ type: FailureType.EmbeddingEmbedder, message: expect.stringMatching(message) });
    expect(embedder.alive).toBe(false);
  });

  it('a dtype that was asked for and is another → refused', async () => {
    const { embedder } = sidecar({ options: { dtype: 'float16' }, faults: { handshake: { dtype: 'float32' } } });
    await expect(embedder.start(LIVE)).rejects.toThrow('has dtype float32, this worker expects float16');
  });

  it('a start that a person has to do something about → its message, and no other process for a while', async () => {
    const { embedder, started } = sidecar({ faults: { startFails: FailureType.EmbeddingEmbedder } });
    for (const _ of [1, 2]) {
      expect(await failureOf(embedder.start(LIVE))).toMatchObject({
        type: FailureType.EmbeddingEmbedder,
        message: 'embedder esm2-8m: no weights; get them',
      });
    }
    expect(started).toHaveLength(1);
  });

  it.each([FailureType.EmbeddingDeviceLost, FailureType.EmbeddingOutOfMemory])(
    'a start that fails with %s → that type, and the next start tries again',
    async (type) => {
      const { embedder, started } = sidecar({ faults: { startFails: type } });
      for (const _ of [1, 2]) expect(await failureOf(embedder.start(LIVE))).toMatchObject({ type });
      expect(started).toHaveLength(2);
    },
  );

  it('a request that hangs → killed, every request is told so, and the next start makes a new process', async () => {
    const { embedder, started } = sidecar({ faults: { hangOn: ['p0'] }, stallMs: 4000 });
    await embedder.start(LIVE);
    const error = await failureOf(embedder.embed(TASK, records('M'), LIVE));
    expect(error).toBeInstanceOf(EmbedderDiedError);
    expect(error.message).toMatch(/gave no sign of life for 4 s \(last: reading weights\)/u);
    expect(embedder.alive).toBe(false);
    await embedder.start(LIVE);
    expect(await embedder.embed(TASK, records('M', 'K').slice(1), LIVE)).toHaveLength(DIM);
    expect(started).toHaveLength(2);
  });

  it('garbage among the answers → killed, requests reject', async () => {
    const { embedder } = sidecar({ faults: { garbage: true } });
    await embedder.start(LIVE);
    const error = await failureOf(embedder.embed(TASK, records('M'), LIVE));
    expect(error).toBeInstanceOf(EmbedderDiedError);
    expect(error.message).toContain('broke the protocol');
  });

  it('noise on stdout → logged, rows unharmed', async () => {
    const { embedder, lines } = sidecar({ faults: { stdoutNoise: true } });
    await embedder.start(LIVE);
    expect(await embedder.embed(TASK, records('M'), LIVE)).toHaveLength(DIM);
    while (!lines.includes('VNF1 noise on stdout')) await sleep(5);
  });

  it('killed → the request rejects as a death; after a start it goes on', async () => {
    const { embedder } = sidecar({ faults: { crashOn: ['p0'] } });
    await embedder.start(LIVE);
    expect(await failureOf(embedder.embed(TASK, records('M'), LIVE))).toBeInstanceOf(EmbedderDiedError);
    await embedder.start(LIVE);
    expect(await embedder.embed(TASK, records('M', 'K').slice(1), LIVE)).toHaveLength(DIM);
  });

  it('a poisoned context → an error that may be tried again, with a new process', async () => {
    const { embedder } = sidecar({ faults: { poisonOn: ['p0'] } });
    await embedder.start(LIVE);
    expect(await failureOf(embedder.embed(TASK, records('M'), LIVE))).toMatchObject({
      type: FailureType.EmbeddingEmbedder,
    });
    while (embedder.alive) await sleep(5);
    await embedder.start(LIVE);
    expect(await embedder.embed(TASK, records('M', 'K').slice(1), LIVE)).toHaveLength(DIM);
  });

  it('was on cuda → after its death it has to be on cuda again', async () => {
    const { embedder, started } = sidecar({ faults: { crashOn: ['p0'], handshake: { device: 'cuda:0' } } });
    await embedder.start(LIVE);
    await failureOf(embedder.embed(TASK, records('M'), LIVE));
    await embedder.start(LIVE);
    expect(started.map(({ device }) => device)).toEqual(['auto', 'cuda']);
  });

  it('an abort → its reason, and the process goes on for others', async () => {
    const { embedder } = sidecar({ faults: { hangOn: ['p0'] } });
    await embedder.start(LIVE);
    const abort = new AbortController();
    const dropped = failureOf(embedder.embed(TASK, records('M'), abort.signal));
    const third = new AbortController();
    const both = [embedder.embed(TASK, records('M', 'K').slice(1), LIVE), dropped];
    const waiting = failureOf(embedder.embed(TASK, records('M', 'K').slice(1), third.signal));
    third.abort(new Error('not wanted'));
    abort.abort(new Error('enough'));
    expect((await dropped).message).toBe('enough');
    await waiting;
    expect(await both[0]).toHaveLength(DIM);
    expect(embedder.alive).toBe(true);
  });

  it('not started → says so', async () => {
    await expect(sidecar().embedder.embed(TASK, records('M'), LIVE)).rejects.toThrow('has not been started');
  });
});
