import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLockFile } from '../../../../src/server/bootstrap/lock-file.mjs';
import { identifyProcess } from '../../../../src/platform/process-identity.mjs';

describe('withLockFile', () => {
  let folder = '';
  let lock = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'virnucpro-lock-'));
    lock = join(folder, 'below', 'some.lock');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('free → runs the work, gives its result, leaves nothing', async () => {
    expect(await withLockFile(lock, async () => existsSync(lock))).toBe(true);
    expect(readdirSync(join(folder, 'below'))).toEqual([]);
  });

  it('work that throws → the error, and the lock is free again', async () => {
    await expect(withLockFile(lock, () => Promise.reject(new Error('no luck')))).rejects.toThrow('no luck');
    expect(existsSync(lock)).toBe(false);
  });

  it('five at once → one after the other', async () => {
    let inside = 0;
    const most: number[] = [];
    const work = async () => {
      most.push(++inside);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside--;
    };
    await Promise.all(Array.from({ length: 5 }, () => withLockFile(lock, work)));
    expect(most).toEqual([1, 1, 1, 1, 1]);
  });

  it('held by a living process → says who, once', async () => {
    const holders: number[] = [];
    const told = () => holders.length > 0;
    const first = withLockFile(lock, async () => {
      await expect.poll(told).toBe(true);
    });
    await expect.poll(() => existsSync(lock)).toBe(true);
    await withLockFile(
      lock,
      async () => {},
      (holder) => holders.push(holder),
    );
    await first;
    expect(holders).toEqual([process.pid]);
  });

  it('held by a process that is gone → taken over', async () => {
    await withLockFile(lock, async () => {});
    writeFileSync(lock, JSON.stringify({ ...identifyProcess(), startTime: 'an earlier boot/1' }));
    expect(await withLockFile(lock, async () => 'done')).toBe('done');
    expect(readdirSync(join(folder, 'below'))).toEqual([]);
  });

  it('not a lock of ours → an error that names the file', async () => {
    await withLockFile(lock, async () => {});
    writeFileSync(lock, 'something else');
    await expect(withLockFile(lock, async () => {})).rejects.toThrow(`${lock}: this lock file cannot be read`);
  });
});
