import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendFailedCheckpoint, readFailedCheckpoints } from '../../../src/checkpoint/failed-checkpoints.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const time = new Date('2026-03-04T05:06:07.089Z');

function textOf(folder: string): string {
  return readFileSync(join(folder, 'failed_checkpoints.txt'), 'utf8');
}

describe('appendFailedCheckpoint', () => {
  it('a failure → one line with path, reason and a UTC time with offset', async () => {
    const folder = await temporaryFolder();
    await appendFailedCheckpoint(folder, { path: 'out/a_ESM.pt', reason: 'corrupted: file is 0 bytes' }, time);
    await appendFailedCheckpoint(folder, { path: 'b.pt', reason: 'x' }, time);
    expect(textOf(folder)).toBe(
      'out/a_ESM.pt|corrupted: file is 0 bytes|2026-03-04T05:06:07.089+00:00\nb.pt|x|2026-03-04T05:06:07.089+00:00\n',
    );
  });

  it('| and line ends in a field → percent-escaped, other % left alone', async () => {
    const folder = await temporaryFolder();
    await appendFailedCheckpoint(folder, { path: 'we|ird\r\n.pt', reason: '50% of %7C' }, time);
    expect(textOf(folder)).toBe('we%7Cird%0D%0A.pt|50% of %257C|2026-03-04T05:06:07.089+00:00\n');
  });

  it('any path and reason → read back as they were', async () => {
    const awkward = fc.string({
      unit: fc.constantFrom('|', '\r', '\n', '%', '7', 'C', 'c', '0', 'D', 'A', '2', '5', 'é'),
    });
    await fc.assert(
      fc.asyncProperty(awkward, awkward, async (path, reason) => {
        const folder = await temporaryFolder();
        await appendFailedCheckpoint(folder, { path: `p${path}`, reason }, time);
        const { entries, malformed } = await readFailedCheckpoints(folder);
        expect(malformed).toEqual([]);
        expect(entries).toEqual([{ path: `p${path}`, reason, timestamp: '2026-03-04T05:06:07.089+00:00' }]);
      }),
      { numRuns: 60 },
    );
  });

  it('a long reason → cut at 1 KiB, neither character nor escape split', async () => {
    const folder = await temporaryFolder();
    await appendFailedCheckpoint(folder, { path: 'a', reason: '|é'.repeat(1000) }, time);
    const field = textOf(folder).split('|')[1] ?? '';
    expect(Buffer.byteLength(field)).toBeLessThanOrEqual(1024);
    expect(Buffer.byteLength(field)).toBeGreaterThan(1015);
    expect(field).toMatch(/^(?:%7Cé)+(?:%7C)?…$/);
  });

  it('a line without end left by a crash → the next entry gets a line of its own', async () => {
    const folder = await temporaryFolder();
    writeFileSync(join(folder, 'failed_checkpoints.txt'), 'a.pt|corrup');
    await appendFailedCheckpoint(folder, { path: 'b.pt', reason: 'x' }, time);
    const { entries, malformed } = await readFailedCheckpoints(folder);
    expect(entries.map((entry) => entry.path)).toEqual(['b.pt']);
    expect(malformed).toEqual([{ line: 1, text: 'a.pt|corrup' }]);
  });

  it('a folder that does not exist → errno error', async () => {
    await expect(
      appendFailedCheckpoint(join(await temporaryFolder(), 'no'), { path: 'a', reason: 'b' }),
    ).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});

describe('readFailedCheckpoints', () => {
  it('no file → no entries', async () => {
    expect(await readFailedCheckpoints(await temporaryFolder())).toEqual({ entries: [], malformed: [] });
  });

  it('lines of the reference: naive times, | inside a reason → read, times as UTC', async () => {
    const folder = await temporaryFolder();
    writeFileSync(
      join(folder, 'failed_checkpoints.txt'),
      '/d/a.pt|corrupted: a|b|2026-01-22T10:00:00.123456\r\n/d/b.pt|incompatible: c|2026-01-22T10:00:00\n',
    );
    expect((await readFailedCheckpoints(folder)).entries).toEqual([
      { path: '/d/a.pt', reason: 'corrupted: a|b', timestamp: '2026-01-22T10:00:00.123456+00:00' },
      { path: '/d/b.pt', reason: 'incompatible: c', timestamp: '2026-01-22T10:00:00+00:00' },
    ]);
  });

  it('malformed lines → reported with their number and skipped', async () => {
    const folder = await temporaryFolder();
    writeFileSync(
      join(folder, 'failed_checkpoints.txt'),
      'no bars\n\na|b|yesterday\n|b|2026-01-22T10:00:00Z\na|b|2026-01-22T10:00:00Z\n',
    );
    const { entries, malformed } = await readFailedCheckpoints(folder);
    expect(entries).toEqual([{ path: 'a', reason: 'b', timestamp: '2026-01-22T10:00:00Z' }]);
    expect(malformed.map(({ line }) => line)).toEqual([1, 3, 4]);
  });
});
