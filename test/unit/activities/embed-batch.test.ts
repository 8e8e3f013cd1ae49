import { describe, expect, it } from 'vitest';
import { BatchEmbedder } from '../../../src/activities/embed-batch.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { VirnucproError } from '../../../src/contract/virnucpro-error.ts';
import { fakeFactory } from '../../../src/embedders/fake/fake-factory.ts';
import type { Embedder, EmbedItem } from '../../../src/embedders/types.ts';

const LIVE = new AbortController().signal;
const TASK = { file: '/in/a.fa', scratchFolder: '/scratch' };

/** One value a row, the ordinal; `fault` decides what becomes of a batch. */
class ScriptedEmbedder implements Embedder {
  readonly description = { ...fakeFactory.describe({}, 'nucleotide'), dim: 1 };
  readonly alive = true;
  readonly tried: number[][] = [];
  starts = 0;
  readonly #fault: (ordinals: number[], call: number) => FailureType | undefined;

  constructor(fault: (ordinals: number[], call: number) => FailureType | undefined) {
    this.#fault = fault;
  }

  async start(): Promise<void> {
    this.starts++;
  }

  async embed(_: unknown, items: readonly EmbedItem[]): Promise<Float32Array> {
    const ordinals = items.map(({ ordinal }) => ordinal);
    this.tried.push(ordinals);
    const type = this.#fault(ordinals, this.tried.length);
    if (type !== undefined) throw new VirnucproError(type, `scripted ${type}`);
    return Float32Array.from(ordinals);
  }

  async stop(): Promise<void> {}
}

function records(count: number, first = 0): EmbedItem[] {
  return Array.from({ length: count }, (_, at) => ({ id: `r${first + at}`, ordinal: first + at, sequence: 'ACGT' }));
}

/** Ordinals in the order in which their rows came. */
async function rowsOf(batches: BatchEmbedder, batch: readonly EmbedItem[]): Promise<number[]> {
  const rows: number[] = [];
  for await (const { items: done, vectors } of batches.embed(batch)) {
    expect([...vectors]).toEqual(done.map(({ ordinal }) => ordinal));
    rows.push(...vectors);
  }
  return rows;
}

const { EmbeddingOutOfMemory: OOM, EmbeddingEmbedder: BROKEN } = FailureType;

describe('BatchEmbedder', () => {
  it('no fault → one batch, rows in order', async () => {
    const embedder = new ScriptedEmbedder(() => undefined);
    expect(await rowsOf(new BatchEmbedder(embedder, TASK, 8, LIVE), records(5))).toEqual([0, 1, 2, 3, 4]);
    expect(embedder.tried).toHaveLength(1);
  });

  it('one failure → the same batch once more, after a start', async () => {
    const embedder = new ScriptedEmbedder((_, call) => (call === 1 ? BROKEN : undefined));
    expect(await rowsOf(new BatchEmbedder(embedder, TASK, 8, LIVE), records(3))).toEqual([0, 1, 2]);
    expect(embedder.tried).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ]);
    expect(embedder.starts).toBe(2);
  });

  it('out of memory above 3 → halved, in order, each row once; later batches are small from the start', async () => {
    const embedder = new ScriptedEmbedder((ordinals) => (ordinals.length > 3 ? OOM : undefined));
    const batches = new BatchEmbedder(embedder, TASK, 16, LIVE);
    expect(await rowsOf(batches, records(16))).toEqual(records(16).map(({ ordinal }) => ordinal));
    expect(batches.batchSize).toBeLessThanOrEqual(3);
    embedder.tried.length = 0;
    await rowsOf(batches, records(2, 16));
    expect(embedder.tried).toEqual([[16, 17]]);
  });

  it('out of memory for a single record → EmbeddingError.OutOfMemory', async () => {
    const batches = new BatchEmbedder(new ScriptedEmbedder(() => OOM), TASK, 4, LIVE);
    await expect(rowsOf(batches, records(4))).rejects.toMatchObject({ type: OOM });
  });

  it('a record that fails alone → those before it are given, then InvalidInput naming it', async () => {
    const embedder = new ScriptedEmbedder((ordinals) => (ordinals.includes(5) ? BROKEN : undefined));
    const rows: number[] = [];
    const embedding = (async () => {
      for await (const { vectors } of new BatchEmbedder(embedder, TASK, 8, LIVE).embed(records(8)))
        rows.push(...vectors);
    })();
    await expect(embedding).rejects.toMatchObject({
      type: FailureType.EmbeddingInvalidInput,
      message: expect.stringContaining('record "r5" of /in/a.fa'),
    });
    expect(rows).toEqual([0, 1, 2, 3, 4]);
  });

  it('everything fails → the embedder is to blame, not a record', async () => {
    const batches = new BatchEmbedder(new ScriptedEmbedder(() => BROKEN), TASK, 4, LIVE);
    await expect(rowsOf(batches, records(4))).rejects.toMatchObject({ type: BROKEN });
  });

  it('a lost device → thrown at once, nothing is split', async () => {
    const embedder = new ScriptedEmbedder(() => FailureType.EmbeddingDeviceLost);
    const batches = new BatchEmbedder(embedder, TASK, 4, LIVE);
    await expect(rowsOf(batches, records(4))).rejects.toMatchObject({ type: FailureType.EmbeddingDeviceLost });
    expect(embedder.tried).toHaveLength(1);
  });

  it('aborted meanwhile → no second try', async () => {
    const controller = new AbortController();
    const embedder = new ScriptedEmbedder(() => {
      controller.abort(new Error('enough'));
      return BROKEN;
    });
    await expect(rowsOf(new BatchEmbedder(embedder, TASK, 4, controller.signal), records(2))).rejects.toThrow(
      'scripted',
    );
    expect(embedder.tried).toHaveLength(1);
  });
});
