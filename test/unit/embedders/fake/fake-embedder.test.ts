import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FailureType } from '../../../../src/contract/failure-types.ts';
import { EmbedderDiedError } from '../../../../src/embedders/embedder-error.ts';
import { fakeFactory } from '../../../../src/embedders/fake/fake-factory.ts';
import { fakeVector } from '../../../../src/embedders/fake/fake-vector.ts';
import type { Embedder, EmbedderOptions, EmbedItem } from '../../../../src/embedders/types.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const NEVER = new AbortController().signal;

async function started(options: EmbedderOptions = {}): Promise<Embedder> {
  const embedder = fakeFactory.create(options, fakeFactory.describe(options, 'protein'), () => undefined);
  onTestFinished(() => embedder.stop());
  await embedder.start(NEVER);
  return embedder;
}

function itemsOf(...sequences: string[]): EmbedItem[] {
  return sequences.map((sequence, index) => ({ id: `s${index}`, sequence, ordinal: 100 + index }));
}

async function newTask(file = '/data/in.fa') {
  return { file, scratchFolder: join(await temporaryFolder(), 'spool') };
}

describe('fakeVector', () => {
  test('the documented formula', () => {
    const [first] = fakeVector('ACGT', 1);
    const digest = createHash('sha256').update('ACGT').digest();
    const output = (digest.readUInt32LE(0) + digest.readUInt32LE(4) + digest.readUInt32LE(12)) % 2 ** 32;
    expect(first).toBe(Math.floor(output / 256) / 2 ** 23 - 1);
  });

  test('a sequence → always the same finite values; a longer row begins with the shorter one', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ACGTN'), maxLength: 40 }), (sequence) => {
        const row = fakeVector(sequence, 64);
        expect(fakeVector(sequence, 64)).toEqual(row);
        expect(fakeVector(sequence, 16)).toEqual(row.subarray(0, 16));
        expect(row.every((value) => value >= -1 && value < 1)).toBe(true);
      }),
    );
  });

  test('different sequences → different rows', () => {
    const rows = new Set(Array.from({ length: 1000 }, (_, length) => fakeVector('A'.repeat(length), 4).join()));
    expect(rows.size).toBe(1000);
  });
});

describe('fake embedder', () => {
  test('sequences → their rows in order, one log line each before they are returned', async () => {
    const log = join(await temporaryFolder(), 'log.tsv');
    const embedder = await started({ dim: '5', log });
    const rows = await embedder.embed(await newTask(), itemsOf('ACGT', 'MKV', ''), NEVER);
    expect([...rows]).toEqual(['ACGT', 'MKV', ''].flatMap((sequence) => [...fakeVector(sequence, 5)]));
    expect(await readFile(log, 'utf8')).toBe('/data/in.fa\t100\n/data/in.fa\t101\n/data/in.fa\t102\n');
  });

  test('largest dim, many sequences → right', async () => {
    const embedder = await started({ dim: '65536' });
    const sequences = Array.from({ length: 32 }, (_, index) => 'ACGTTGCA'.repeat(1 + 1000 * index));
    const rows = await embedder.embed(await newTask(), itemsOf(...sequences), NEVER);
    expect(rows.length).toBe(32 * 65_536);
    expect(rows.subarray(31 * 65_536)).toEqual(fakeVector(sequences[31] as string, 65_536));
  });

  test('requests of several tasks → their delays overlap', async () => {
    const log = join(await temporaryFolder(), 'log.tsv');
    const embedder = await started({ delayMs: '20', log });
    const tasks = await Promise.all(['/a', '/b', '/c'].map((file) => newTask(file)));
    await Promise.all(tasks.map((task) => embedder.embed(task, itemsOf('A', 'C', 'G', 'T'), NEVER)));
    const files = (await readFile(log, 'utf8')).split('\n').map((line) => line.split('\t')[0]);
    // One after the other, all lines of a file would come before the first one of another file.
    expect(new Set(files.slice(0, 4)).size).toBeGreaterThan(1);
  });

  test('failOn → Embedder error naming the record; the process goes on', async () => {
    const embedder = await started({ failOn: 's1' });
    await expect(embedder.embed(await newTask(), itemsOf('A', 'C'), NEVER)).rejects.toMatchObject({
      type: FailureType.EmbeddingEmbedder,
      message: expect.stringContaining('record "s1" makes it fail'),
    });
    expect((await embedder.embed(await newTask(), itemsOf('A'), NEVER)).length).toBe(16);
  });

  test('nanOn → InvalidInput naming the record', async () => {
    const embedder = await started({ nanOn: 's1' });
    await expect(embedder.embed(await newTask(), itemsOf('A', 'C'), NEVER)).rejects.toMatchObject({
      type: FailureType.EmbeddingInvalidInput,
      message: expect.stringContaining('record "s1"'),
    });
  });

  test('oomAbove → OutOfMemory for larger batches, and nothing of them embedded', async () => {
    const log = join(await temporaryFolder(), 'log.tsv');
    const embedder = await started({ oomAbove: '2', log });
    await expect(embedder.embed(await newTask(), itemsOf('A', 'C', 'G'), NEVER)).rejects.toMatchObject({
      type: FailureType.EmbeddingOutOfMemory,
    });
    expect(await readFile(log, 'utf8')).toBe('');
    expect((await embedder.embed(await newTask(), itemsOf('A', 'C'), NEVER)).length).toBe(32);
  });

  test('oomOn → OutOfMemory for every batch with that record, others are embedded', async () => {
    const embedder = await started({ oomOn: 's1' });
    for (const items of [itemsOf('A', 'C'), itemsOf('A', 'C').slice(1)]) {
      await expect(embedder.embed(await newTask(), items, NEVER)).rejects.toMatchObject({
        type: FailureType.EmbeddingOutOfMemory,
        message: expect.stringContaining('record "s1" is too large'),
      });
    }
    expect((await embedder.embed(await newTask(), itemsOf('A'), NEVER)).length).toBe(16);
  });

  test('ids separated by commas → each of them; an id that holds a comma itself → that one', async () => {
    const embedder = await started({ failOn: 's0,s2' });
    const [first, second, third] = itemsOf('A', 'C', 'G') as [EmbedItem, EmbedItem, EmbedItem];
    for (const item of [first, third, { ...first, id: 's0,s2' }]) {
      await expect(embedder.embed(await newTask(), [item], NEVER)).rejects.toThrow('makes it fail');
    }
    expect((await embedder.embed(await newTask(), [second], NEVER)).length).toBe(16);
  });

  test('crashOn → its process dies at that record, each time', async () => {
    const embedder = await started({ crashOn: 's1' });
    const task = await newTask();
    for (let time = 0; time < 2; time++) {
      await embedder.start(NEVER);
      await expect(embedder.embed(task, itemsOf('A', 'C'), NEVER)).rejects.toBeInstanceOf(EmbedderDiedError);
    }
    await embedder.start(NEVER);
    expect((await embedder.embed(task, itemsOf('A'), NEVER)).length).toBe(16);
  });

  test('crashAt → its process dies there, counted over the batches of a task, once per task', async () => {
    const log = join(await temporaryFolder(), 'log.tsv');
    const embedder = await started({ crashAt: '3', log });
    const task = await newTask();
    await embedder.embed(task, itemsOf('A', 'C'), NEVER);
    await expect(embedder.embed(task, itemsOf('G', 'T'), NEVER)).rejects.toMatchObject({
      type: FailureType.EmbeddingEmbedder,
      message: expect.stringContaining('was killed by SIGKILL'),
    });
    expect(embedder.alive).toBe(false);
    expect((await readFile(log, 'utf8')).trim().split('\n')).toHaveLength(2);

    await embedder.start(NEVER);
    expect(embedder.alive).toBe(true);
    await embedder.embed(task, itemsOf('A', 'C', 'G', 'T'), NEVER);
    const other = await newTask();
    await expect(embedder.embed(other, itemsOf('A', 'C', 'G'), NEVER)).rejects.toThrow('SIGKILL');
  });

  test('deviceLostOn → DeviceLost there, and for whatever comes after; started again → the task goes on', async () => {
    const embedder = await started({ deviceLostOn: 's1' });
    const [task, other] = [await newTask(), await newTask('/other')];
    const lost = { type: FailureType.EmbeddingDeviceLost, message: expect.stringContaining('lost at record "s1"') };
    await expect(embedder.embed(task, itemsOf('A', 'C'), NEVER)).rejects.toMatchObject(lost);
    await expect(embedder.embed(other, itemsOf('A'), NEVER)).rejects.toMatchObject(lost);
    await embedder.stop();
    await embedder.start(NEVER);
    expect((await embedder.embed(task, itemsOf('A', 'C'), NEVER)).length).toBe(32);
    await expect(embedder.embed(other, itemsOf('A', 'C'), NEVER)).rejects.toMatchObject(lost);
  });

  test('abort → its reason at once; the rest of the batch is not embedded', async () => {
    const log = join(await temporaryFolder(), 'log.tsv');
    const embedder = await started({ delayMs: '10', log });
    const abort = new AbortController();
    const embedding = embedder.embed(await newTask(), itemsOf(...'ACGTACGTACGT'), abort.signal);
    abort.abort(new Error('enough'));
    await expect(embedding).rejects.toThrow('enough');
    await embedder.embed(await newTask('/other'), itemsOf(...'ACGTACGTACGT'), NEVER);
    const lines = (await readFile(log, 'utf8')).split('\n');
    expect(lines.filter((line) => line.startsWith('/data/in.fa')).length).toBeLessThan(12);
  });

  test('a log that cannot be written → start rejects, showing why', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), '');
    await expect(started({ log: join(folder, 'file', 'log.tsv') })).rejects.toMatchObject({
      type: FailureType.EmbeddingEmbedder,
      message: expect.stringContaining('ended with exit code 1'),
    });
  });

  test('not started → Embedder error', async () => {
    const embedder = fakeFactory.create({}, fakeFactory.describe({}, 'protein'));
    expect(embedder.alive).toBe(false);
    await expect(embedder.embed(await newTask(), itemsOf('A'), NEVER)).rejects.toMatchObject({
      type: FailureType.EmbeddingEmbedder,
    });
    await embedder.stop();
  });
});

describe('fake embedder: options', () => {
  test('defaults, and what is bound by the fingerprint', () => {
    const plain = fakeFactory.describe({}, 'protein');
    expect(plain).toMatchObject({ dim: 16, kind: 'vectors', suffix: '_FAKE.pt', batchSize: 32, alphabet: undefined });
    const faults = { delayMs: '1', log: 'x', failOn: 'a', nanOn: 'b', oomAbove: '3', crashAt: '4', deviceLostOn: 'c' };
    expect(fakeFactory.describe(faults, 'nucleotide').fingerprint).toEqual(plain.fingerprint);
    expect(fakeFactory.describe({ dim: '17' }, 'protein').fingerprint).not.toEqual(plain.fingerprint);
  });

  test.each([
    [{ dim: '0' }, 'option dim of embedder fake: expected a whole number from 1 to 65536, got "0"'],
    [{ dim: '65537' }, 'option dim of embedder fake: expected a whole number from 1 to 65536, got "65537"'],
    [{ dim: '1e3' }, 'got "1e3"'],
    [{ dim: '3328' }, 'option dim of embedder fake: 3328 is the dimension of merged checkpoints; take another'],
    [{ delayMs: '-1' }, 'option delayMs of embedder fake'],
    [{ crashAt: '0' }, 'option crashAt of embedder fake'],
    [{ log: '' }, 'option log of embedder fake: expected a value, got ""'],
    [
      { speed: '1' },
      'embedder fake has no option "speed"; its options are dim, delayMs, batchesAtOnce, log, failOn, nanOn',
    ],
  ])('%o → refused', (options, message) => {
    expect(() => fakeFactory.describe(options as EmbedderOptions, 'protein')).toThrow(
      expect.objectContaining({ type: FailureType.RunInvalidInput, message: expect.stringContaining(message) }),
    );
  });
});

describe('fake embedder, batchesAtOnce', () => {
  test('two batches at once on a device for one → the second waits for the first', async () => {
    const log = join(await temporaryFolder(), 'log.tsv');
    const embedder = await started({ batchesAtOnce: '1', delayMs: '20', log });
    const [one, two] = [await newTask('/data/one.fa'), await newTask('/data/two.fa')];
    const batch = itemsOf('ACGT', 'ACGA', 'ACGG');
    await Promise.all([one, two].map((task) => embedder.embed(task, batch, NEVER)));
    const files = (await readFile(log, 'utf8')).trimEnd().split('\n');
    expect(files.map((line) => line.split('\t')[0])).toEqual([
      ...['/data/one.fa', '/data/one.fa', '/data/one.fa'],
      ...['/data/two.fa', '/data/two.fa', '/data/two.fa'],
    ]);
  });

  test('a batch that fails → the next one has its turn', async () => {
    const embedder = await started({ batchesAtOnce: '1', failOn: 's0' });
    const task = await newTask();
    const failing = embedder.embed(task, itemsOf('ACGT'), NEVER);
    const next = embedder.embed(task, [{ id: 'other', sequence: 'ACGT', ordinal: 1 }], NEVER);
    await expect(failing).rejects.toMatchObject({ type: FailureType.EmbeddingEmbedder });
    expect(await next).toHaveLength(16);
  });
});
