import { spawnSync } from 'node:child_process';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { stageTempPath, sweepStageTemps } from '../../../src/prediction/temp-files.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function parts(folder: string): { name: string; host: string; start: string } {
  const name = basename(stageTempPath(join(folder, 'a.fa')));
  const [, host, start] = /\.([0-9a-f]{8})-[0-9]+-([0-9a-f]{8})-/u.exec(name) as unknown as [string, string, string];
  return { name, host, start };
}

it('a temporary file of a process that is gone → removed; of one that runs → kept', async () => {
  const folder = await temporaryFolder();
  const { name, host, start } = parts(folder);
  const gone = spawnSync('true').pid;
  const unique = '0123456789abcdef';
  const dead = `.a.fa.${host}-${gone}-${start}-${unique}.tmp`;
  // The number of a running process, given out again since.
  const reused = `.a.fa.${host}-${process.pid}-00000000-${unique}.tmp`;
  for (const file of [name, dead, reused, 'a.fa', '.a.fa.other.tmp']) await writeFile(join(folder, file), 'x');
  expect(await sweepStageTemps(folder)).toEqual({ names: 5, removed: 2 });
  expect((await readdir(folder)).toSorted()).toEqual(['.a.fa.other.tmp', name, 'a.fa'].toSorted());
});

it('a temporary file of another host → removed once it has not changed for an hour', async () => {
  const folder = await temporaryFolder();
  const fresh = '.a.fa.00000000-1-00000000-0123456789abcdef.tmp';
  const old = '.b.fa.00000000-1-00000000-0123456789abcdef.tmp';
  for (const file of [fresh, old]) await writeFile(join(folder, file), 'x');
  const hoursAgo = new Date(Date.now() - 2 * 3_600_000);
  await utimes(join(folder, old), hoursAgo, hoursAgo);
  expect(await sweepStageTemps(folder)).toEqual({ names: 2, removed: 1 });
  expect(await readdir(folder)).toEqual([fresh]);
});

it('no folder → nothing to remove', async () => {
  expect(await sweepStageTemps(join(await temporaryFolder(), 'none'))).toEqual({ names: 0, removed: 0 });
});

it('a name of 255 bytes → a temporary name that is no longer', async () => {
  const name = basename(stageTempPath(join('/', 'ü'.repeat(127) + 'x')));
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
});
