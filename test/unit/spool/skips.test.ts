import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import type { FileSystem } from '../../../src/platform/file-system.ts';
import { nodeFileSystem } from '../../../src/platform/node-file-system.ts';
import { compactSegments } from '../../../src/spool/compact.ts';
import { openSpool, readSkips, SpoolRows, type SkippedRecord, type Spool } from '../../../src/spool/index.ts';
import { recoverSkips } from '../../../src/spool/read-skips.ts';
import { FaultyFileSystem } from '../../support/faulty-file-system.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { append, CLAIM, missingOf, neverAborted, rowOf, SHAPE } from './support.ts';

function attempt(folder: string, fileSystem: FileSystem = nodeFileSystem, takeSkips = true): Promise<Spool> {
  return openSpool(folder, SHAPE, CLAIM, { fileSystem, signal: neverAborted(), takeSkips });
}

function skipped(ordinal: number, reason = 'fails alone'): SkippedRecord {
  return { ordinal, id: `r${ordinal}\n|ü`, reason };
}

function skippedOrdinals(spool: Spool): number[] {
  return Array.from({ length: SHAPE.rows }, (_, ordinal) => ordinal).filter((ordinal) => spool.hasSkipped(ordinal));
}

async function logsIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith('skip-')).map((name) => join(folder, name));
}

/** What saveCheckpoint would find: rows in order, and the records without one. */
async function readBack(folder: string, spool: Spool) {
  const segments = await spool.finish();
  const records = spool.skips === undefined ? [] : await readSkips(folder, SHAPE, spool.skips, { waitMs: 0 });
  const ordinals = records.map(({ ordinal }) => ordinal);
  const rows = await SpoolRows.open(folder, SHAPE, segments, { waitMs: 0, skipped: ordinals });
  try {
    const values = new Float32Array(rows.rows * rows.dim);
    rows.read(0, rows.rows, values);
    return { records, rows: Array.from({ length: rows.rows }, (_, row) => [...values.subarray(row * 3, row * 3 + 3)]) };
  } finally {
    await rows.close();
  }
}

describe('Spool.skip', () => {
  test('some records → rows of the others in order, and the log of those', async () => {
    const folder = await temporaryFolder();
    const spool = await attempt(folder);
    await append(spool, [4, 5, 6]);
    await spool.skip([skipped(1), skipped(3)]);
    await append(spool, [2, 0]);
    expect([spool.skipped, spool.durableRows, missingOf(spool)]).toEqual([2, 5, [1, 3]]);
    const { rows, records } = await readBack(folder, spool);
    expect(rows).toEqual([0, 2, 4, 5, 6].map((ordinal) => rowOf(ordinal)));
    expect(records).toEqual([skipped(1), skipped(3)]);
  });

  test('none → no log, nothing named', async () => {
    const folder = await temporaryFolder();
    const spool = await attempt(folder);
    await append(spool, [0, 1, 2, 3, 4, 5, 6]);
    await spool.finish();
    expect(spool.skips).toBeUndefined();
    expect(await logsIn(folder)).toEqual([]);
  });

  test('a later attempt → knows them; told not to take them up → tries them again', async () => {
    const folder = await temporaryFolder();
    const first = await attempt(folder);
    await first.skip([skipped(2)]);
    await first.close();
    const second = await attempt(folder);
    expect(skippedOrdinals(second)).toEqual([2]);
    await second.close();
    const stubborn = await attempt(folder, nodeFileSystem, false);
    expect(skippedOrdinals(stubborn)).toEqual([]);
    await append(stubborn, [0, 1, 2, 3, 4, 5, 6]);
    expect((await readBack(folder, stubborn)).records).toEqual([]);
  });

  test('skipped by one attempt, embedded by another → the row counts, later too', async () => {
    const folder = await temporaryFolder();
    const first = await attempt(folder);
    await first.skip([skipped(2), skipped(6)]);
    await first.close();
    const stubborn = await attempt(folder, nodeFileSystem, false);
    await append(stubborn, [0, 1, 2]);
    await stubborn.close();
    const last = await attempt(folder);
    await append(last, [3, 4, 5]);
    const { rows, records } = await readBack(folder, last);
    expect(rows).toEqual([0, 1, 2, 3, 4, 5].map((ordinal) => rowOf(ordinal)));
    expect(records).toEqual([skipped(6)]);
  });

  test('skipped by several attempts → one log that holds them all', async () => {
    const folder = await temporaryFolder();
    for (const ordinal of [5, 0]) {
      const spool = await attempt(folder);
      await spool.skip([skipped(ordinal)]);
      await spool.close();
    }
    const last = await attempt(folder);
    await append(last, [1, 2, 3, 4, 6]);
    expect((await readBack(folder, last)).records).toEqual([skipped(0), skipped(5)]);
  });

  test('segments copied into one → without the skipped ones, each row under its own ordinal', async () => {
    const folder = await temporaryFolder();
    const first = await attempt(folder);
    await append(first, [0, 6]);
    await first.close();
    const second = await attempt(folder);
    await append(second, [5, 2, 1]);
    await second.skip([skipped(3), skipped(4)]);
    const segments = await second.finish();
    expect(segments).toHaveLength(2);
    const place = { fileSystem: nodeFileSystem, epoch: 3, signal: neverAborted(), skipped: [3, 4] };
    const [copied] = await compactSegments(folder, SHAPE, segments, place);
    for (const { name } of segments) await rm(join(folder, name));
    const next = await attempt(folder);
    expect([missingOf(next), (await readBack(folder, next)).rows]).toEqual([
      [3, 4],
      [0, 1, 2, 5, 6].map((ordinal) => rowOf(ordinal)),
    ]);
    expect(copied?.name).toMatch(/^seg-/u);
  });

  test('a missing row that was not skipped → SpoolIncomplete', async () => {
    const folder = await temporaryFolder();
    const spool = await attempt(folder);
    await append(spool, [0, 1, 2, 3, 4]);
    await spool.skip([skipped(5)]);
    await expect(spool.finish()).rejects.toMatchObject({ type: FailureType.RunSpoolIncomplete });
  });

  test('a later attempt holds the spool → StaleAttempt, and nothing is skipped', async () => {
    const folder = await temporaryFolder();
    const zombie = await attempt(folder);
    const current = await attempt(folder);
    await expect(zombie.skip([skipped(1)])).rejects.toMatchObject({ type: FailureType.RunStaleAttempt });
    expect([zombie.skipped, current.skipped]).toEqual([0, 0]);
  });

  test('an ordinal that the task does not have → RangeError', async () => {
    const spool = await attempt(await temporaryFolder());
    await expect(spool.skip([skipped(7)])).rejects.toThrow('expected an ordinal below 7, got 7');
  });

  test('a reason of any length → cut', async () => {
    const folder = await temporaryFolder();
    const spool = await attempt(folder);
    await spool.skip([skipped(0, 'x'.repeat(100_000))]);
    await append(spool, [1, 2, 3, 4, 5, 6]);
    expect((await readBack(folder, spool)).records[0]?.reason).toBe('x'.repeat(512));
  });
});

describe('skip logs: damage', () => {
  async function damaged() {
    const folder = await temporaryFolder();
    const spool = await attempt(folder);
    await append(spool, [0, 1, 2, 3, 4]);
    await spool.skip([skipped(5)]);
    await spool.skip([skipped(6)]);
    await spool.finish();
    const [log = ''] = await logsIn(folder);
    const whole = await readFile(log);
    /** Replaces the log and gives what a later attempt, and saveCheckpoint, make of it. */
    const judge = async (bytes: Buffer) => {
      await writeFile(log, bytes);
      const place = { shape: SHAPE, epoch: spool.epoch + 1, signal: neverAborted() };
      const recovered = await recoverSkips(nodeFileSystem, folder, [basename(log)], place);
      const taken = recovered.flatMap(({ records }) => records.map(({ ordinal }) => ordinal));
      const read = readSkips(folder, SHAPE, spool.skips!, { waitMs: 0 });
      return {
        taken,
        read: await read.then(
          (records) => records.length,
          (error: { type: string }) => error.type,
        ),
      };
    };
    return { whole, judge };
  }

  test('truncation at every byte → whole records before it; never named as complete', async () => {
    const { whole, judge } = await damaged();
    expect(await judge(whole)).toEqual({ taken: [5, 6], read: 2 });
    const ends = [...whole.entries()].filter(([, byte]) => byte === 0x0a).map(([at]) => at + 1);
    for (let length = 0; length < whole.length; length++) {
      const { taken, read } = await judge(whole.subarray(0, length));
      expect(taken).toEqual([5, 6].slice(0, Math.max(0, ends.filter((end) => end <= length).length - 1)));
      expect(read).toBe(FailureType.RunSpoolIncomplete);
    }
  }, 60_000);

  test('any flipped bit → records before it at most; never named as complete', async () => {
    const { whole, judge } = await damaged();
    const ends = [...whole.entries()].filter(([, byte]) => byte === 0x0a).map(([at]) => at + 1);
    for (let at = 0; at < whole.length; at++) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
      const { taken, read } = await judge(flipped);
      const sound = ends.filter((end) => end <= at).length - 1;
      expect(taken).toEqual([5, 6].slice(0, Math.max(0, sound)));
      expect(read).toBe(FailureType.RunSpoolIncomplete);
    }
  }, 60_000);

  test('a log of another task, or garbage under its name → left alone', async () => {
    const { whole, judge } = await damaged();
    const other = whole.toString().replace(SHAPE.taskDigest, 'cd'.repeat(32));
    expect((await judge(Buffer.from(other))).taken).toEqual([]);
    expect((await judge(Buffer.alloc(5000, 0xff))).taken).toEqual([]);
    expect((await judge(Buffer.alloc(0))).taken).toEqual([]);
  });
});

describe('skip logs: the n-th operation fails, for every n', () => {
  test.each(['EIO', 'ENOSPC', 'ESTALE'])('%s → what was acknowledged is known to the next attempt', async (errno) => {
    const count = await operations(new FaultyFileSystem(), await temporaryFolder()).then(({ calls }) => calls);
    expect(count).toBeGreaterThan(10);
    for (let number = 1; number <= count; number++) {
      const folder = await temporaryFolder();
      const failing = new FaultyFileSystem({ fault: (call) => (call.number === number ? { errno } : undefined) });
      const { acknowledged } = await operations(failing, folder);
      const next = await attempt(folder);
      expect(skippedOrdinals(next)).toEqual(expect.arrayContaining(acknowledged));
      await next.close();
    }
  });

  test('a sync that fails → what it was for is not there for the next attempt either, what came before is', async () => {
    const folder = await temporaryFolder();
    let failing = false;
    const fault = ({ operation }: { operation: string }) =>
      failing && operation === 'sync' ? { errno: 'EIO' } : undefined;
    const spool = await attempt(folder, new FaultyFileSystem({ fault }));
    await spool.skip([skipped(5)]);
    failing = true;
    await expect(spool.skip([skipped(6)])).rejects.toMatchObject({ code: 'EIO' });
    await spool.close();
    expect(skippedOrdinals(await attempt(folder))).toEqual([5]);
  });

  /** Two records skipped one after the other, whatever happens to the first. */
  async function operations(fileSystem: FaultyFileSystem, folder: string) {
    const acknowledged: number[] = [];
    const spool = await attempt(folder, fileSystem).catch(() => undefined);
    for (const ordinal of [5, 6]) {
      await spool?.skip([skipped(ordinal)]).then(
        () => acknowledged.push(ordinal),
        () => undefined,
      );
    }
    await spool?.close().catch(() => undefined);
    return { acknowledged, calls: fileSystem.calls.length };
  }
});
