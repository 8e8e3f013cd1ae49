import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FailureType } from '../../../src/contract/failure-types.ts';
import type { FileSystem } from '../../../src/platform/file-system.ts';
import { nodeFileSystem } from '../../../src/platform/node-file-system.ts';
import { openSpool, removeSpool } from '../../../src/spool/index.ts';
import type { SpoolShape } from '../../../src/spool/index.ts';
import { FaultyFileSystem } from '../../support/faulty-file-system.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { append, CLAIM, missingOf, neverAborted, readAll, rowOf, rowsOf, SHAPE } from './support.ts';

const ALL = [0, 1, 2, 3, 4, 5, 6];

async function spoolFolder(): Promise<string> {
  return join(await temporaryFolder(), 'spool', 'task');
}

async function open(folder: string, fileSystem: FileSystem = nodeFileSystem, shape: SpoolShape = SHAPE) {
  const spool = await openSpool(folder, shape, CLAIM, { fileSystem, signal: neverAborted() });
  onTestFinished(() => spool.close());
  return spool;
}

async function segmentNames(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.rows')).toSorted();
}

describe('Spool: one attempt', () => {
  test('batches in any order → all rows by ordinal, one segment', async () => {
    const folder = await spoolFolder();
    const spool = await open(folder);
    expect(spool).toMatchObject({ epoch: 1, recoveredRows: 0, durableRows: 0 });
    await append(spool, [5, 6]);
    await append(spool, [2]);
    expect(spool.durableRows).toBe(3);
    expect(missingOf(spool)).toEqual([0, 1, 3, 4]);
    await append(spool, [0, 1, 3, 4]);
    const segments = await spool.finish();
    expect(segments.map(({ name }) => name)).toEqual(await segmentNames(folder));
    expect(await readAll(folder, segments)).toEqual(ALL.map((ordinal) => rowOf(ordinal)));
    await spool.close();
  });

  test('concurrent appends → all kept', async () => {
    const folder = await spoolFolder();
    const spool = await open(folder);
    await Promise.all(ALL.map((ordinal) => append(spool, [ordinal])));
    expect(await readAll(folder, await spool.finish())).toEqual(ALL.map((ordinal) => rowOf(ordinal)));
  });

  test('nothing appended → no segment; finish names how many rows are missing', async () => {
    const folder = await spoolFolder();
    const spool = await open(folder);
    await spool.append([], new Float32Array());
    await expect(spool.finish()).rejects.toMatchObject({
      type: FailureType.RunSpoolIncomplete,
      message: `${folder}: expected 7 rows, found 0; embed the file again`,
    });
    expect(await segmentNames(folder)).toEqual([]);
  });

  test('a batch of other lengths or ordinals → RangeError, nothing written', async () => {
    const folder = await spoolFolder();
    const spool = await open(folder);
    await expect(spool.append([0, 1], rowsOf([0]))).rejects.toThrow('expected 2 × 3 values, got 3');
    await expect(append(spool, [7])).rejects.toThrow('expected an ordinal below 7, got 7');
    await expect(append(spool, [-1])).rejects.toThrow(RangeError);
    await expect(append(spool, [0.5])).rejects.toThrow(RangeError);
    expect(await segmentNames(folder)).toEqual([]);
  });

  test('a durable batch → file, its folder and the folder above fsynced; later batches the file only', async () => {
    const fileSystem = new FaultyFileSystem({ halves: true });
    const folder = await spoolFolder();
    const spool = await open(folder, fileSystem);
    const syncs = () =>
      fileSystem.calls.filter(({ operation }) => operation.startsWith('sync')).map(({ path }) => path);
    await append(spool, [0]);
    const segment = join(folder, (await segmentNames(folder))[0] as string);
    expect(syncs()).toEqual([segment, folder, join(folder, '..')]);
    await append(spool, [1]);
    expect(syncs().slice(3)).toEqual([segment]);
  });

  test('sync: false → no fsync at all', async () => {
    const fileSystem = new FaultyFileSystem({ halves: true });
    const folder = await spoolFolder();
    const spool = await open(folder, fileSystem);
    await spool.append(ALL, rowsOf(ALL), { sync: false });
    const segments = await spool.finish();
    expect(fileSystem.calls.filter(({ operation }) => operation.startsWith('sync'))).toEqual([]);
    expect(await readAll(folder, segments)).toEqual(ALL.map((ordinal) => rowOf(ordinal)));
  });

  test('claims → exclusive files that say who holds the epoch', async () => {
    const folder = await spoolFolder();
    await open(folder);
    expect(JSON.parse(await readFile(join(folder, 'epoch-0000000001.json'), 'utf8'))).toMatchObject(CLAIM);
  });

  test('removeSpool → folder gone; again → fine', async () => {
    const folder = await spoolFolder();
    await append(await open(folder), [0]);
    await removeSpool(folder);
    await removeSpool(folder);
    await expect(readdir(folder)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('Spool: the next attempt', () => {
  test('rows of earlier attempts → taken up; finish names every segment needed', async () => {
    const folder = await spoolFolder();
    for (const ordinal of [0, 1, 2]) {
      const spool = await open(folder);
      expect(spool).toMatchObject({ epoch: ordinal + 1, recoveredRows: ordinal });
      await append(spool, [ordinal], ordinal);
      await spool.close();
    }
    const last = await open(folder);
    await append(last, missingOf(last), 9);
    const segments = await last.finish();
    expect(segments).toHaveLength(4);
    const writers = [0, 1, 2, 9, 9, 9, 9];
    expect(await readAll(folder, segments)).toEqual(ALL.map((ordinal) => rowOf(ordinal, writers[ordinal])));
  });

  test('all rows there already → nothing to append, no new segment', async () => {
    const folder = await spoolFolder();
    await append(await open(folder), ALL);
    const spool = await open(folder);
    expect(missingOf(spool)).toEqual([]);
    expect(await spool.finish()).toHaveLength(1);
  });

  test('rows of more than 100 attempts → copied into one segment', async () => {
    const folder = await spoolFolder();
    const shape = { ...SHAPE, rows: 103 };
    for (let ordinal = 0; ordinal < 102; ordinal++) {
      const spool = await open(folder, nodeFileSystem, shape);
      await append(spool, [ordinal], ordinal);
      await spool.close();
    }
    const last = await open(folder, nodeFileSystem, shape);
    await append(last, [102], 102);
    const segments = await last.finish();
    expect(segments).toHaveLength(1);
    expect(await readAll(folder, segments, shape)).toEqual(
      Array.from({ length: 103 }, (_, ordinal) => rowOf(ordinal, ordinal)),
    );
    expect((await open(folder, nodeFileSystem, shape)).recoveredRows).toBe(103);
  });

  test('one row in several epochs → the lowest wins, however the file names sort', async () => {
    for (let round = 0; round < 5; round++) {
      const folder = await spoolFolder();
      const zombie = await open(folder);
      await append(zombie, [0, 1], 1);
      const second = await open(folder);
      await append(second, [1, 2, 3], 2);
      await second.close();
      const third = await open(folder);
      await append(third, [0, 1, 4, 5, 6], 3);
      const writers = [1, 1, 2, 2, 3, 3, 3];
      expect(await readAll(folder, await third.finish())).toEqual(
        ALL.map((ordinal) => rowOf(ordinal, writers[ordinal])),
      );
    }
  });

  test('segments of another task, row count or dim → left alone', async () => {
    const folder = await spoolFolder();
    const others: SpoolShape[] = [
      { ...SHAPE, taskDigest: 'cd'.repeat(32) },
      { ...SHAPE, rows: 8 },
      { ...SHAPE, dim: 4 },
    ];
    for (const shape of others) {
      const spool = await open(folder, nodeFileSystem, shape);
      expect(spool.recoveredRows).toBe(0);
      await spool.append([0], new Float32Array(shape.dim));
      await spool.close();
    }
    const spool = await open(folder);
    expect(spool).toMatchObject({ epoch: 4, recoveredRows: 0 });
    expect(await segmentNames(folder)).toHaveLength(3);
  });

  test('a segment renamed to an earlier epoch → not believed', async () => {
    const folder = await spoolFolder();
    await open(folder);
    const second = await open(folder);
    await append(second, ALL);
    await second.close();
    const [name] = (await segmentNames(folder)) as [string];
    const renamed = name.replace('0000000002', '0000000001');
    await nodeFileSystem.rename(join(folder, name), join(folder, renamed));
    expect((await open(folder)).recoveredRows).toBe(0);
  });

  test('files that are not ours → ignored', async () => {
    const folder = await spoolFolder();
    await append(await open(folder), [0]);
    for (const name of ['seg-1-x.rows', 'epoch-2.json', 'fake-crashed', '.nfs0001', 'epoch-9999999999.json']) {
      await writeFile(join(folder, name), 'x');
    }
    expect(await open(folder)).toMatchObject({ epoch: 2, recoveredRows: 1 });
  });

  test('claims lost in a crash → the epoch is above every segment', async () => {
    const folder = await spoolFolder();
    await append(await open(folder), [0]);
    await nodeFileSystem.unlink(join(folder, 'epoch-0000000001.json'));
    expect(await open(folder)).toMatchObject({ epoch: 2, recoveredRows: 1 });
  });

  test('a row that was written but never fsynced → fsynced before it counts', async () => {
    const folder = await spoolFolder();
    const first = await open(folder);
    await first.append([0], rowsOf([0]), { sync: false });
    const fileSystem = new FaultyFileSystem({ halves: true });
    const second = await open(folder, fileSystem);
    expect(second.recoveredRows).toBe(1);
    expect(fileSystem.calls.filter(({ operation }) => operation === 'sync')).toHaveLength(1);
  });
});

describe('Spool: recovery from damage', () => {
  /** Three batches: rows 0,1 then 2 then 3,4,5,6. */
  async function damagedSpool(damage: (path: string, bytes: Buffer) => Promise<void>) {
    const folder = await spoolFolder();
    const spool = await open(folder);
    for (const ordinals of [[0, 1], [2], [3, 4, 5, 6]]) await append(spool, ordinals);
    await spool.close();
    const path = join(folder, (await segmentNames(folder))[0] as string);
    await damage(path, await readFile(path));
    return folder;
  }

  // Header 64; a frame of n rows has 16 + 4 × n × (1 + 3) bytes.
  const ends = [64 + 48, 64 + 48 + 32, 64 + 48 + 32 + 80];
  const counts = [2, 3, 7];

  function rowsWithin(bytes: number): number {
    return counts[ends.findLastIndex((end) => bytes >= end)] ?? 0;
  }

  test('truncation at every byte → the whole batches before it, and the rest can be embedded', async () => {
    for (let length = 0; length <= (ends.at(-1) as number); length++) {
      const folder = await damagedSpool((path) => truncate(path, length));
      const spool = await open(folder);
      expect(spool.durableRows).toBe(rowsWithin(length));
      if (spool.durableRows < 7) await append(spool, missingOf(spool));
      expect(await readAll(folder, await spool.finish())).toEqual(ALL.map((ordinal) => rowOf(ordinal)));
    }
  });

  test('any flipped bit → the whole batches before it', async () => {
    const total = ends.at(-1) as number;
    for (let at = 0; at < total; at++) {
      const folder = await damagedSpool(async (path, bytes) => {
        bytes.writeUInt8((bytes[at] as number) ^ (1 << (at % 8)), at);
        await writeFile(path, bytes);
      });
      const spool = await open(folder);
      expect([at, spool.durableRows]).toEqual([at, at < 64 ? 0 : rowsWithin(at)]);
      await spool.close();
    }
  });

  test('garbage after the last batch → ignored, and not part of what finish names', async () => {
    const folder = await damagedSpool((path, bytes) => writeFile(path, Buffer.concat([bytes, Buffer.alloc(100, 7)])));
    const segments = await (await open(folder)).finish();
    expect(segments.map(({ bytes }) => bytes)).toEqual([ends.at(-1)]);
    expect(await readAll(folder, segments)).toEqual(ALL.map((ordinal) => rowOf(ordinal)));
  });
});

describe('Spool: two attempts at a time', () => {
  test('many attempts at once → epochs without gaps or doubles', async () => {
    const folder = await spoolFolder();
    const spools = await Promise.all(Array.from({ length: 12 }, () => open(folder)));
    expect(spools.map(({ epoch }) => epoch).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 12 }, (_, index) => index + 1),
    );
  });

  test('overtaken attempt → StaleAttempt at its next batch; the newer one goes on', async () => {
    const folder = await spoolFolder();
    const old = await open(folder);
    await append(old, [0], 1);
    const current = await open(folder);
    await expect(append(old, [1], 1)).rejects.toMatchObject({
      type: FailureType.RunStaleAttempt,
      message: `${folder}: a later attempt has taken over (this one holds epoch 1); its rows go on from there`,
    });
    await append(current, missingOf(current), 2);
    expect(await readAll(folder, await current.finish())).toEqual(
      ALL.map((ordinal) => rowOf(ordinal, ordinal === 0 ? 1 : 2)),
    );
  });

  test.each([1, 2])(
    'folder removed after %i batches, the task being done → StaleAttempt, no folder made',
    async (batches) => {
      const folder = await spoolFolder();
      const zombie = await open(folder);
      for (let batch = 1; batch < batches; batch++) await append(zombie, [batch]);
      await removeSpool(folder);
      await expect(append(zombie, [0])).rejects.toMatchObject({ type: FailureType.RunStaleAttempt });
      await zombie.close();
      await expect(readdir(folder)).rejects.toMatchObject({ code: 'ENOENT' });
    },
  );

  test('folder removed between making and claiming it → StaleAttempt, no folder made', async () => {
    const folder = await spoolFolder();
    const list: FileSystem['list'] = async (path) => {
      const names = await nodeFileSystem.list(path);
      await removeSpool(path);
      return names;
    };
    await expect(open(folder, { ...nodeFileSystem, list })).rejects.toMatchObject({
      type: FailureType.RunStaleAttempt,
    });
    await expect(readdir(folder)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a zombie that writes on after the newer attempt looked → its segment is named up to there', async () => {
    const folder = await spoolFolder();
    const blind: FileSystem = { ...nodeFileSystem, open: hideClaims };
    const zombie = await open(folder, blind);
    await append(zombie, [0, 1], 1);
    const current = await open(folder);
    await append(zombie, [2, 3, 4], 1);
    await append(current, missingOf(current), 2);
    await append(zombie, [5, 6], 1);
    const segments = await current.finish();
    const writers = [1, 1, 2, 2, 2, 2, 2];
    expect(await readAll(folder, segments)).toEqual(ALL.map((ordinal) => rowOf(ordinal, writers[ordinal])));
  });

  test('aborted before → claims nothing', async () => {
    const folder = await spoolFolder();
    const signal = AbortSignal.abort(new Error('gone'));
    await expect(openSpool(folder, SHAPE, CLAIM, { signal })).rejects.toThrow('gone');
    await expect(readdir(folder)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('aborted between listing and claim → claims nothing', async () => {
    const folder = await spoolFolder();
    const abort = new AbortController();
    const fileSystem = new FaultyFileSystem({
      halves: true,
      fault: ({ operation }) => {
        if (operation === 'list') abort.abort(new Error('gone'));
        return undefined;
      },
    });
    await expect(openSpool(folder, SHAPE, CLAIM, { fileSystem, signal: abort.signal })).rejects.toThrow('gone');
    expect(await readdir(folder)).toEqual([]);
  });

  test('aborted later → no batch counts any more', async () => {
    const folder = await spoolFolder();
    const abort = new AbortController();
    const spool = await openSpool(folder, SHAPE, CLAIM, { signal: abort.signal });
    onTestFinished(() => spool.close());
    await append(spool, [0]);
    abort.abort(new Error('gone'));
    await expect(append(spool, [1])).rejects.toThrow('gone');
    expect(spool.durableRows).toBe(1);
  });
});

/** As a client whose cached folder never shows another one's claim. */
const hideClaims: FileSystem['open'] = (path, mode) => {
  if (mode !== 'read' || !path.endsWith('epoch-0000000002.json')) return nodeFileSystem.open(path, mode);
  return Promise.reject(Object.assign(new Error('ENOENT'), { code: 'ENOENT' }));
};

describe('Spool: I/O errors', () => {
  test('the n-th operation fails, for every n → nothing acknowledged is lost, a later attempt ends with the same rows', async () => {
    for (let n = 1; ; n++) {
      const folder = await spoolFolder();
      const failing = new FaultyFileSystem({
        halves: true,
        fault: (call) => (call.number === n ? { errno: 'EIO' } : undefined),
      });
      const acknowledged: number[] = [];
      const outcome = await (async () => {
        const spool = await open(folder, failing);
        for (const ordinals of [[0, 1], [2], [3, 4], [5, 6]]) {
          await append(spool, ordinals);
          acknowledged.push(...ordinals);
        }
        return readAll(folder, await spool.finish());
      })().catch((error: NodeJS.ErrnoException) => error.code);
      const next = await open(folder);
      for (const ordinal of acknowledged) expect([n, ordinal, next.has(ordinal)]).toEqual([n, ordinal, true]);
      if (missingOf(next).length > 0) await append(next, missingOf(next));
      const expected = ALL.map((ordinal) => rowOf(ordinal));
      expect(await readAll(folder, await next.finish())).toEqual(expected);
      if (failing.calls.length < n) {
        expect(outcome).toEqual(expected);
        return;
      }
      expect([n, outcome]).toEqual([n, 'EIO']);
    }
  });

  test.each(['write', 'sync'] as const)(
    '%s fails once → that segment is given up, the batch goes to a new one',
    async (name) => {
      const folder = await spoolFolder();
      let broken = '';
      let armed = false;
      const fileSystem = new FaultyFileSystem({
        halves: true,
        fault: (call) => {
          if (!armed || call.operation !== name || broken !== '') return undefined;
          broken = call.path;
          return { errno: 'ENOSPC' };
        },
      });
      const spool = await open(folder, fileSystem);
      await append(spool, [0, 1]);
      armed = true;
      await expect(append(spool, [2, 3])).rejects.toMatchObject({ code: 'ENOSPC' });
      expect(missingOf(spool)).toEqual([2, 3, 4, 5, 6]);
      const before = fileSystem.calls.length;
      await append(spool, [2, 3]);
      await append(spool, [4, 5, 6]);
      const segments = await spool.finish();
      const later = fileSystem.calls.slice(before).map(({ path }) => path);
      expect(later).not.toContain(broken);
      expect(segments).toHaveLength(2);
      expect(await readAll(folder, segments)).toEqual(ALL.map((ordinal) => rowOf(ordinal)));
    },
  );

  test('fsync fails after rows without fsync → those do not count either', async () => {
    const folder = await spoolFolder();
    let failed = false;
    const fileSystem = new FaultyFileSystem({
      halves: true,
      fault: (call) => {
        if (call.operation !== 'sync' || failed) return undefined;
        failed = true;
        return { errno: 'EIO' };
      },
    });
    const spool = await open(folder, fileSystem);
    await spool.append([0], rowsOf([0]), { sync: false });
    expect(spool.durableRows).toBe(1);
    await expect(append(spool, [1])).rejects.toMatchObject({ code: 'EIO' });
    expect(missingOf(spool)).toEqual(ALL);
    await append(spool, ALL);
    expect(await readAll(folder, await spool.finish())).toEqual(ALL.map((ordinal) => rowOf(ordinal)));
  });

  test('close fails at the end → rejected; what was fsynced is found again', async () => {
    const folder = await spoolFolder();
    let armed = false;
    const fileSystem = new FaultyFileSystem({
      halves: true,
      fault: (call) => (armed && call.operation === 'close' ? { errno: 'EDQUOT' } : undefined),
    });
    const spool = await open(folder, fileSystem);
    await append(spool, ALL);
    armed = true;
    await expect(spool.finish()).rejects.toMatchObject({ code: 'EDQUOT' });
    await spool.close();
    expect((await open(folder)).recoveredRows).toBe(7);
  });
});
