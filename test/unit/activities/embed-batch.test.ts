import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchEmbedder, type BadSequence, type EmbeddedRows } from '../../../src/activities/embed-batch.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { VirnucproError } from '../../../src/contract/virnucpro-error.ts';
import { BadRowsError } from '../../../src/embedders/bad-rows.ts';
import { checkedEmbedder } from '../../../src/embedders/checked-embedder.ts';
import { EmbedderDiedError } from '../../../src/embedders/embedder-error.ts';
import { fakeFactory } from '../../../src/embedders/fake/fake-factory.ts';
import type { Embedder, EmbedItem } from '../../../src/embedders/types.ts';

const LIVE = new AbortController().signal;
const TASK = { file: '/in/a.fa', scratchFolder: '/scratch' };

/** What becomes of a batch: a failure of this type, the death of the process, or rows that are NaN for these ordinals. */
type Fault = FailureType | 'death' | { nan: ReadonlySet<number> } | undefined;

/** One value a row, the ordinal; `fault` decides what becomes of a batch. */
class ScriptedEmbedder implements Embedder {
  readonly description = { ...fakeFactory.describe({}, 'nucleotide'), dim: 1 };
  readonly tried: number[][] = [];
  starts = 0;
  startFault: () => Error | undefined = () => undefined;
  #dead = true;
  readonly #fault: (ordinals: number[], call: number) => Fault;

  constructor(fault: (ordinals: number[], call: number) => Fault) {
    this.#fault = fault;
  }

  get alive(): boolean {
    return !this.#dead;
  }

  async start(): Promise<void> {
    this.starts++;
    const error = this.startFault();
    if (error !== undefined) throw error;
    this.#dead = false;
  }

  async embed(_: unknown, items: readonly EmbedItem[]): Promise<Float32Array> {
    if (this.#dead) throw new Error('a batch was given to a dead process');
    const ordinals = items.map(({ ordinal }) => ordinal);
    this.tried.push(ordinals);
    const fault = this.#fault(ordinals, this.tried.length);
    if (fault === 'death') {
      this.#dead = true;
      throw new EmbedderDiedError('scripted death');
    }
    if (typeof fault === 'string') throw new VirnucproError(fault, `scripted ${fault}`);
    return Float32Array.from(ordinals, (ordinal) => (fault?.nan.has(ordinal) === true ? Number.NaN : ordinal));
  }

  async stop(): Promise<void> {}
}

function records(count: number, first = 0): EmbedItem[] {
  return Array.from({ length: count }, (_, at) => ({ id: `r${first + at}`, ordinal: first + at, sequence: 'ACGT' }));
}

/** Everything that embedding a file gives. */
class Received {
  readonly rows: number[] = [];
  readonly bad: BadSequence[] = [];

  take(result: EmbeddedRows | BadSequence): void {
    if ('error' in result) {
      this.bad.push(result);
      return;
    }
    if (result.items.some(({ ordinal }, at) => result.vectors[at] !== ordinal))
      throw new Error('rows of other records');
    this.rows.push(...result.vectors);
  }

  get badIds(): string[] {
    return this.bad.map(({ item }) => item.id);
  }
}

function batchesOf(embedder: Embedder, size: number, signal = LIVE): BatchEmbedder {
  return new BatchEmbedder(checkedEmbedder(embedder), TASK, size, signal);
}

/** Embeds a file batch by batch, as long as the limit says, and settles what is left. */
async function embedAll(batches: BatchEmbedder, file: EmbedItem[], received = new Received()): Promise<Received> {
  for (let at = 0; at < file.length;) {
    const batch = file.slice(at, at + batches.batchSize);
    at += batch.length;
    for await (const result of batches.embed(batch)) received.take(result);
  }
  for await (const result of batches.finish()) received.take(result);
  return received;
}

const { EmbeddingOutOfMemory: OOM, EmbeddingEmbedder: BROKEN, EmbeddingInvalidInput: INVALID } = FailureType;

describe('BatchEmbedder: records that are refused', () => {
  /** Refuses records by ordinal, as an embedder that knows its alphabet does. */
  class RefusingEmbedder extends ScriptedEmbedder {
    readonly refused: ReadonlySet<number>;

    constructor(refused: readonly number[], fault: (ordinals: number[], call: number) => Fault = () => undefined) {
      super(fault);
      this.refused = new Set(refused);
    }

    override async embed(task: unknown, items: readonly EmbedItem[]): Promise<Float32Array> {
      const rows = await super.embed(task, items);
      const bad = items.flatMap(({ id, ordinal }, index) =>
        this.refused.has(ordinal) ? [{ index, reason: `no ${id}`, refused: true }] : [],
      );
      if (bad.length > 0) throw new BadRowsError(bad, rows, 1);
      return rows;
    }
  }

  it('some of a batch → named at once with their reasons, the others have their rows, nothing is tried again', async () => {
    const embedder = new RefusingEmbedder([1, 3]);
    const { rows, bad } = await embedAll(batchesOf(embedder, 4), records(6));
    expect(rows).toEqual([0, 2, 4, 5]);
    expect(bad.map(({ item, refused, error }) => [item.id, refused, error.message])).toEqual([
      ['r1', true, 'no r1'],
      ['r3', true, 'no r3'],
    ]);
    expect(embedder.tried).toEqual([
      [0, 1, 2, 3],
      [4, 5],
    ]);
  });

  it('every record of a file → all named, though none shows that the embedder works', async () => {
    const embedder = new RefusingEmbedder([0, 1, 2]);
    const { rows, badIds } = await embedAll(batchesOf(embedder, 2), records(3));
    expect({ rows, badIds }).toEqual({ rows: [], badIds: ['r0', 'r1', 'r2'] });
    expect(embedder.tried).toHaveLength(2);
  });

  it('beside one whose row is NaN → that one is looked at again, the refused one is not', async () => {
    const embedder = new RefusingEmbedder([0], () => ({ nan: new Set([2]) }));
    const { rows, badIds } = await embedAll(batchesOf(embedder, 2), records(4));
    expect({ rows, badIds }).toEqual({ rows: [1, 3], badIds: ['r0', 'r2'] });
    expect(embedder.tried.filter((ordinals) => ordinals.includes(0))).toEqual([[0, 1]]);
  });
});

describe('BatchEmbedder: what is loaded', () => {
  it('looked at before each batch; what the look throws ends the attempt', async () => {
    const embedder = new ScriptedEmbedder(() => undefined);
    const looks: boolean[] = [];
    const look = async (started: Embedder): Promise<void> => {
      looks.push(started.alive);
      if (looks.length === 3) throw new VirnucproError(FailureType.CheckpointIncompatible, 'another model');
    };
    const batches = new BatchEmbedder(embedder, TASK, 2, LIVE, { onStarted: look });
    await expect(embedAll(batches, records(6))).rejects.toThrow('another model');
    expect({ looks, tried: embedder.tried.length }).toEqual({ looks: [true, true, true], tried: 2 });
  });
});

describe('BatchEmbedder: embedders that recover', () => {
  it('no fault → one batch, rows in order', async () => {
    const embedder = new ScriptedEmbedder(() => undefined);
    expect((await embedAll(batchesOf(embedder, 8), records(5))).rows).toEqual([0, 1, 2, 3, 4]);
    expect(embedder.tried).toHaveLength(1);
  });

  it.each([BROKEN, 'death'] as const)('one %s → the same batch once more, after a start', async (fault) => {
    const embedder = new ScriptedEmbedder((_, call) => (call === 1 ? fault : undefined));
    expect((await embedAll(batchesOf(embedder, 8), records(3))).rows).toEqual([0, 1, 2]);
    expect(embedder.tried).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ]);
    expect(embedder.starts).toBe(2);
  });

  it.each([BROKEN, 'death', OOM] as const)(
    '%s three times in a row, then never again → nobody is blamed',
    async (fault) => {
      const embedder = new ScriptedEmbedder((_, call) => (call <= 3 ? fault : undefined));
      const { rows, bad } = await embedAll(batchesOf(embedder, 2), records(6));
      expect(bad).toEqual([]);
      expect(rows.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5]);
    },
  );

  it('a process that does not start at first → started again, no batch lost', async () => {
    const embedder = new ScriptedEmbedder(() => undefined);
    embedder.startFault = () => (embedder.starts === 1 ? new EmbedderDiedError('died early') : undefined);
    expect((await embedAll(batchesOf(embedder, 8), records(2))).rows).toEqual([0, 1]);
  });

  it('a process that never starts → its error at once; nothing is split, nobody blamed', async () => {
    const embedder = new ScriptedEmbedder(() => undefined);
    embedder.startFault = () => new EmbedderDiedError('no such program');
    await expect(embedAll(batchesOf(embedder, 8), records(8))).rejects.toThrow('no such program');
    expect(embedder.starts).toBe(2);
  });
});

describe('BatchEmbedder: out of memory', () => {
  it('above 3 → halved, in order, each row once; later batches are small from the start', async () => {
    const embedder = new ScriptedEmbedder((ordinals) => (ordinals.length > 3 ? OOM : undefined));
    const batches = batchesOf(embedder, 16);
    expect((await embedAll(batches, records(16))).rows).toEqual(records(16).map(({ ordinal }) => ordinal));
    expect(batches.batchSize).toBe(2);
    embedder.tried.length = 0;
    await embedAll(batches, records(2, 16));
    expect(embedder.tried).toEqual([[16, 17]]);
  });

  it('remembered for the next task of the same embedder, not for another embedder', async () => {
    const embedder = checkedEmbedder(new ScriptedEmbedder((ordinals) => (ordinals.length > 3 ? OOM : undefined)));
    await embedAll(new BatchEmbedder(embedder, TASK, 16, LIVE), records(16));
    expect(new BatchEmbedder(embedder, TASK, 16, LIVE).batchSize).toBe(2);
    expect(batchesOf(new ScriptedEmbedder(() => undefined), 16).batchSize).toBe(16);
  });

  it('a task that asks for small batches → says nothing about the batches of others', async () => {
    const embedder = checkedEmbedder(new ScriptedEmbedder(() => undefined));
    await embedAll(new BatchEmbedder(embedder, TASK, 1, LIVE), records(3));
    expect(new BatchEmbedder(embedder, TASK, 16, LIVE).batchSize).toBe(16);
  });

  it('because of one record that does not fit alone → it is bad, the others keep their batch size', async () => {
    const embedder = new ScriptedEmbedder((ordinals) => (ordinals.includes(5) ? OOM : undefined));
    const batches = batchesOf(embedder, 16);
    const { rows, bad } = await embedAll(batches, records(32));
    expect(bad.map(({ item, error }) => [item.id, error.type])).toEqual([['r5', OOM]]);
    expect(rows).toHaveLength(31);
    expect(batches.batchSize).toBe(16);
    expect(embedder.tried.at(-1)).toHaveLength(16);
  });

  it('for every record → EmbeddingError.OutOfMemory, nobody blamed', async () => {
    const received = new Received();
    const embedding = embedAll(batchesOf(new ScriptedEmbedder(() => OOM), 4), records(4), received);
    await expect(embedding).rejects.toMatchObject({ type: OOM, message: expect.stringContaining('first "r0"') });
    expect(received.bad).toEqual([]);
  });
});

describe('BatchEmbedder: records that fail alone', () => {
  it('one → the rows of all others, and its name', async () => {
    const embedder = new ScriptedEmbedder((ordinals) => (ordinals.includes(5) ? BROKEN : undefined));
    const { rows, bad } = await embedAll(batchesOf(embedder, 8), records(8));
    expect(rows).toEqual([0, 1, 2, 3, 4, 6, 7]);
    expect(bad).toEqual([
      { item: records(1, 5)[0], error: expect.objectContaining({ message: `scripted ${BROKEN}` }) },
    ]);
  });

  it('NaN rows of a batch → the other rows are taken as they are; each is tried once more, alone', async () => {
    const nan = new Set([0, 3]);
    const embedder = new ScriptedEmbedder(() => ({ nan }));
    const { rows, badIds } = await embedAll(batchesOf(embedder, 8), records(8));
    expect(rows).toEqual([1, 2, 4, 5, 6, 7]);
    expect(badIds).toEqual(['r0', 'r3']);
    expect(embedder.tried.slice(1)).toEqual([[0], [3]]);
  });

  it('a NaN row that comes from the company in the batch → good alone, taken', async () => {
    const embedder = new ScriptedEmbedder((ordinals) => (ordinals.length > 1 ? { nan: new Set([2]) } : undefined));
    const { rows, bad } = await embedAll(batchesOf(embedder, 4), records(4));
    expect(rows).toEqual([0, 1, 3, 2]);
    expect(bad).toEqual([]);
  });

  it('the last one of a file → shown bad by embedding a good one once more', async () => {
    const embedder = new ScriptedEmbedder((ordinals) => (ordinals.includes(3) ? 'death' : undefined));
    const { rows, badIds } = await embedAll(batchesOf(embedder, 1), records(4));
    expect({ rows, badIds }).toEqual({ rows: [0, 1, 2], badIds: ['r3'] });
    expect(embedder.tried.slice(-2)).toEqual([[2], [3]]);
  });

  it('the only one that lacks a row → shown bad by a record that has one', async () => {
    const embedder = new ScriptedEmbedder((ordinals) => (ordinals.includes(3) ? BROKEN : undefined));
    const batches = batchesOf(embedder, 4);
    for (const item of records(3)) batches.know(item);
    expect((await embedAll(batches, records(1, 3))).badIds).toEqual(['r3']);
    expect(embedder.tried).toEqual([[3], [3], [0], [3]]);
  });

  it('a batch that dies beside another task, whose doing it was → nobody is blamed', async () => {
    const embedder = checkedEmbedder(new ScriptedEmbedder((ordinals) => (ordinals.includes(9) ? 'death' : undefined)));
    const theirs = new BatchEmbedder(embedder, TASK, 4, LIVE);
    const mine = new BatchEmbedder(embedder, TASK, 4, LIVE);
    const killer = embedAll(theirs, records(8, 4));
    const innocent = embedAll(mine, records(4));
    expect((await innocent).bad).toEqual([]);
    expect((await killer).badIds).toEqual(['r9']);
  });
});

describe('BatchEmbedder: embedders that are broken', () => {
  it.each([BROKEN, 'death'] as const)('%s whatever it gets → the embedder is to blame, not a record', async (fault) => {
    const received = new Received();
    const embedding = embedAll(batchesOf(new ScriptedEmbedder(() => fault), 4), records(4), received);
    await expect(embedding).rejects.toMatchObject({ type: BROKEN });
    expect(received.bad).toEqual([]);
  });

  it('broken from the middle of the file on → found within a batch, nobody blamed', async () => {
    const embedder = new ScriptedEmbedder((_, call) => (call > 2 ? BROKEN : undefined));
    const received = new Received();
    await expect(embedAll(batchesOf(embedder, 32), records(1000), received)).rejects.toMatchObject({ type: BROKEN });
    expect(received.rows).toHaveLength(64);
    expect(received.bad).toEqual([]);
    expect(embedder.tried.length).toBeLessThan(2 + 2 * 32);
  });

  it('fails on 64 records and on nothing else → given up, though there are more', async () => {
    const embedder = new ScriptedEmbedder(() => BROKEN);
    await expect(embedAll(batchesOf(embedder, 32), records(1000))).rejects.toMatchObject({
      type: BROKEN,
      message: expect.stringContaining('no record of /in/a.fa could be embedded since 64 failed, first "r0"'),
    });
    expect(embedder.tried.length).toBeLessThan(200);
  });

  it('nothing but NaN → InvalidInput where the file has no other record, Embedder where there may be some', async () => {
    const nothing = () => ({ nan: new Set(records(1000).map(({ ordinal }) => ordinal)) });
    const small = embedAll(batchesOf(new ScriptedEmbedder(nothing), 4), records(2));
    await expect(small).rejects.toMatchObject({
      type: INVALID,
      message: expect.stringContaining('NaN for record "r0"'),
    });
    const large = embedAll(batchesOf(new ScriptedEmbedder(nothing), 32), records(1000));
    await expect(large).rejects.toMatchObject({ type: BROKEN });
  });

  it('a lost device → thrown at once, nothing is split', async () => {
    const embedder = new ScriptedEmbedder(() => FailureType.EmbeddingDeviceLost);
    const embedding = embedAll(batchesOf(embedder, 4), records(4));
    await expect(embedding).rejects.toMatchObject({ type: FailureType.EmbeddingDeviceLost });
    expect(embedder.tried).toHaveLength(1);
  });

  it('a device that is lost while a record is searched for → nobody is blamed', async () => {
    const embedder = new ScriptedEmbedder((_, call) => (call > 3 ? FailureType.EmbeddingDeviceLost : BROKEN));
    const received = new Received();
    const embedding = embedAll(batchesOf(embedder, 4), records(4), received);
    await expect(embedding).rejects.toMatchObject({ type: FailureType.EmbeddingDeviceLost });
    expect(received.bad).toEqual([]);
  });

  it('aborted meanwhile → no second try', async () => {
    const controller = new AbortController();
    const embedder = new ScriptedEmbedder(() => {
      controller.abort(new Error('enough'));
      return BROKEN;
    });
    await expect(embedAll(batchesOf(embedder, 4, controller.signal), records(2))).rejects.toThrow('scripted');
    expect(embedder.tried).toHaveLength(1);
  });
});

describe('BatchEmbedder: any set of bad records, batch size and kind of failure', () => {
  const kinds: readonly Fault[] = [BROKEN, INVALID, OOM, 'death', { nan: new Set() }];
  const cases = fc.record({
    size: fc.integer({ min: 1, max: 40 }),
    count: fc.integer({ min: 2, max: 120 }),
    oomAbove: fc.option(fc.integer({ min: 1, max: 40 }), { nil: Number.POSITIVE_INFINITY }),
    faults: fc.dictionary(fc.nat(119).map(String), fc.constantFrom(...kinds), { maxKeys: 20 }),
  });

  it('→ exactly the bad ones are named, each other row is given once, calls ≤ 2·k·log2(size) + 6·k + 2 × batches', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ size, count, oomAbove, faults }) => {
        const bad = new Map(
          Object.entries(faults)
            .map(([ordinal, fault]) => [Number(ordinal), fault] as const)
            .filter(([ordinal]) => ordinal < count),
        );
        fc.pre(bad.size < count);
        const embedder = new ScriptedEmbedder((ordinals) => {
          if (ordinals.length > oomAbove) return OOM;
          const hit = ordinals.map((ordinal) => bad.get(ordinal)).find((fault) => typeof fault === 'string');
          return hit ?? { nan: new Set(bad.keys()) };
        });
        const { rows, badIds } = await embedAll(batchesOf(embedder, size), records(count));
        expect(badIds.toSorted()).toEqual([...bad.keys()].map((ordinal) => `r${ordinal}`).toSorted());
        expect(rows.length).toBe(new Set(rows).size);
        expect(rows.length + badIds.length).toBe(count);
        const batches = Math.ceil(count / Math.min(size, Math.max(1, Math.floor(oomAbove / 2))));
        const perBad = 2 * Math.ceil(Math.log2(size + 1)) + 6;
        expect(embedder.tried.length).toBeLessThanOrEqual(2 * batches + bad.size * perBad + 2 * size);
      }),
      { numRuns: 300 },
    );
  });
});
