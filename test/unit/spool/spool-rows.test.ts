import { readdir, readFile, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RowSource } from '../../../src/checkpoint/types.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { openSpool, SpoolRows } from '../../../src/spool/index.ts';
import type { SegmentReference, SpoolRowsOptions } from '../../../src/spool/index.ts';
import { FaultyFileSystem } from '../../support/faulty-file-system.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { append, CLAIM, neverAborted, readAll, rowOf, rowsOf, SHAPE } from './support.ts';

async function writeSpool(batches: number[][] = [[4, 5, 6], [0], [3, 1, 2]]) {
  const folder = await temporaryFolder();
  const spool = await openSpool(folder, SHAPE, CLAIM, { signal: neverAborted() });
  for (const ordinals of batches) await append(spool, ordinals);
  return { folder, segments: await spool.finish() };
}

async function open(folder: string, segments: SegmentReference[], options: SpoolRowsOptions = { waitMs: 0 }) {
  const rows = await SpoolRows.open(folder, SHAPE, segments, options);
  onTestFinished(() => rows.close());
  return rows;
}

function pathOf(folder: string, segments: SegmentReference[]): string {
  return join(folder, segments[0]?.name ?? '');
}

describe('SpoolRows.read', () => {
  test('any range → those rows in order, whatever the order of the batches', async () => {
    const { folder, segments } = await writeSpool();
    const rows: RowSource = await open(folder, segments);
    expect(rows).toMatchObject({ rows: 7, dim: 3 });
    const range = fc.tuple(fc.nat(7), fc.nat(7)).filter(([start, count]) => start + count <= 7);
    fc.assert(
      fc.property(range, ([start, count]) => {
        const into = new Float32Array(count * 3 + 1).fill(99);
        rows.read(start, count, into);
        const expected = Array.from({ length: count }, (_, index) => rowOf(start + index)).flat();
        expect([...into]).toEqual([...expected, 99]);
      }),
    );
  });

  test('a view in the middle of a buffer → only that is written', async () => {
    const { folder, segments } = await writeSpool();
    const rows = await open(folder, segments);
    const whole = new Float32Array(9);
    rows.read(1, 1, whole.subarray(3, 6));
    expect([...whole]).toEqual([0, 0, 0, ...rowOf(1), 0, 0, 0]);
  });

  test('rows that are not there, or a small target → RangeError', async () => {
    const { folder, segments } = await writeSpool();
    const rows = await open(folder, segments);
    expect(() => rows.read(6, 2, new Float32Array(6))).toThrow('cannot read rows 6 to 8 of 7');
    expect(() => rows.read(-1, 1, new Float32Array(3))).toThrow(RangeError);
    expect(() => rows.read(0, 2, new Float32Array(5))).toThrow(RangeError);
  });

  test('a segment that shrinks while it is read → SpoolIncomplete', async () => {
    const { folder, segments } = await writeSpool();
    const rows = await open(folder, segments);
    await truncate(pathOf(folder, segments), 70);
    expect(() => rows.read(0, 7, new Float32Array(21))).toThrow(
      expect.objectContaining({ type: FailureType.RunSpoolIncomplete }),
    );
  });

  test('after close → refused; close again → fine', async () => {
    const { folder, segments } = await writeSpool();
    const rows = await open(folder, segments);
    await rows.close();
    await rows.close();
    expect(() => rows.read(0, 1, new Float32Array(3))).toThrow('rows were read after close');
  });
});

describe('SpoolRows.open', () => {
  test('a segment that comes late, grows late → waited for', async () => {
    const { folder, segments } = await writeSpool();
    const path = pathOf(folder, segments);
    await rename(path, `${path}.away`);
    const opened = open(folder, segments, { waitMs: 30_000, pollMs: 1 });
    await setTimeout(20);
    await rename(`${path}.away`, path);
    expect((await opened).rows).toBe(7);
  });

  test.each([
    ['absent', (path: string) => rename(path, `${path}.away`), /expected 224 bytes, found no such file/u],
    ['short', (path: string) => truncate(path, 223), /expected 224 bytes, found 223 bytes/u],
    ['changed', (path: string) => writeFile(path, Buffer.alloc(224)), /expected 224 sound bytes.*another task/u],
  ])('%s after the wait → SpoolIncomplete naming it', async (_title, damage, message) => {
    const { folder, segments } = await writeSpool();
    expect(segments[0]?.bytes).toBe(224);
    await damage(pathOf(folder, segments));
    const error = await open(folder, segments, { waitMs: 5, pollMs: 1 }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ type: FailureType.RunSpoolIncomplete });
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toContain(segments[0]?.name);
  });

  test('every single wrong byte → SpoolIncomplete', async () => {
    const { folder, segments } = await writeSpool();
    const path = pathOf(folder, segments);
    const sound = await readFile(path);
    for (let at = 0; at < sound.length; at++) {
      const bytes = Buffer.from(sound);
      bytes.writeUInt8((bytes[at] as number) ^ 0x10, at);
      await writeFile(path, bytes);
      await expect(open(folder, segments)).rejects.toMatchObject({ type: FailureType.RunSpoolIncomplete });
    }
  });

  test('another sound content of the same length → SpoolIncomplete: the CRC is not the one named', async () => {
    const one = await writeSpool();
    const other = await writeSpool([[6, 5, 4], [0], [3, 1, 2]]);
    await rename(pathOf(other.folder, other.segments), pathOf(one.folder, one.segments));
    await expect(open(one.folder, one.segments)).rejects.toThrow(/CRC [0-9a-f]{8}, found 224 bytes, CRC/u);
  });

  test('segments that lack a row → SpoolIncomplete naming the row', async () => {
    const folder = await temporaryFolder();
    for (const ordinals of [
      [0, 1, 2, 3],
      [4, 5, 6],
    ]) {
      const spool = await openSpool(folder, SHAPE, CLAIM, { signal: neverAborted() });
      await append(spool, ordinals);
      await spool.close();
    }
    const all = await (await openSpool(folder, SHAPE, CLAIM, { signal: neverAborted() })).finish();
    expect(await readAll(folder, all)).toHaveLength(7);
    await expect(open(folder, all.slice(0, 1))).rejects.toThrow('no segment holds row 4');
  });

  test('a name that leads elsewhere → refused', async () => {
    const { folder, segments } = await writeSpool();
    const elsewhere = [{ ...segments[0], name: '../x.rows' } as SegmentReference];
    await expect(open(folder, elsewhere)).rejects.toThrow('"../x.rows" is not the name of a segment');
  });

  test('an I/O error → passed on, never "incomplete"', async () => {
    const { folder, segments } = await writeSpool();
    for (const name of ['open', 'size', 'read'] as const) {
      const fileSystem = new FaultyFileSystem({
        halves: true,
        fault: (call) => (call.operation === name ? { errno: 'ESTALE' } : undefined),
      });
      await expect(open(folder, segments, { fileSystem, waitMs: 0 })).rejects.toMatchObject({ code: 'ESTALE' });
    }
  });

  test('abort while waiting → its reason', async () => {
    const folder = await temporaryFolder();
    const { segments } = await writeSpool();
    const abort = new AbortController();
    const opened = open(folder, segments, { waitMs: 60_000, pollMs: 1, signal: abort.signal });
    await setTimeout(5);
    abort.abort(new Error('enough'));
    await expect(opened).rejects.toThrow('enough');
  });

  test('a frame larger than the read buffer → sound', async () => {
    const folder = await temporaryFolder();
    const shape = { ...SHAPE, rows: 40, dim: 10_000 };
    const spool = await openSpool(folder, shape, CLAIM, { signal: neverAborted() });
    const vectors = Float32Array.from({ length: 40 * 10_000 }, (_, index) => index);
    await spool.append(
      Array.from({ length: 40 }, (_, index) => index),
      vectors,
    );
    const rows = await SpoolRows.open(folder, shape, await spool.finish());
    const into = new Float32Array(vectors.length);
    rows.read(0, 40, into);
    await rows.close();
    expect(Buffer.from(into.buffer).equals(Buffer.from(vectors.buffer))).toBe(true);
  });

  test('bytes on disk → the documented layout', async () => {
    const folder = await temporaryFolder();
    const spool = await openSpool(folder, { ...SHAPE, rows: 1 }, CLAIM, { signal: neverAborted() });
    await spool.append([0], rowsOf([0]));
    await spool.finish();
    const name = (await readdir(folder)).find((file) => file.endsWith('.rows')) as string;
    const bytes = await readFile(join(folder, name));
    expect(bytes.length).toBe(64 + 16 + 4 * (1 + 3));
    expect(bytes.toString('latin1', 0, 8)).toBe('VNPSPOOL');
    expect([8, 12, 16, 20, 56].map((at) => bytes.readUInt32LE(at))).toEqual([1, 3, 1, 1, 0]);
    expect(bytes.toString('latin1', 64, 68)).toBe('VNPF');
    expect([68, 72, 80].map((at) => bytes.readUInt32LE(at))).toEqual([1, 1, 0]);
    expect([84, 88, 92].map((at) => bytes.readFloatLE(at))).toEqual(rowOf(0));
  });
});
