import { readdir, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { nodeFileSystem } from '../../../src/platform/node-file-system.ts';
import { tempPath, sweepAbandonedTemps } from '../../../src/platform/temp-files.ts';
import { abandonedTemp, writerOfTemps } from '../../support/temp-names.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

it('a temporary file of a process that is gone → removed; of one that runs → kept', async () => {
  const folder = await temporaryFolder();
  const name = basename(tempPath(join(folder, 'a.fa')));
  const dead = abandonedTemp('a.fa');
  // The number of a running process, given out again since.
  const reused = `.a.fa.${writerOfTemps().host}-${process.pid}-0123abcd-0123456789abcdef.tmp`;
  for (const file of [name, dead, reused, 'a.fa', '.a.fa.other.tmp']) await writeFile(join(folder, file), 'x');
  expect(await sweepAbandonedTemps(folder)).toEqual({ names: 5, removed: 2 });
  expect((await readdir(folder)).toSorted()).toEqual(['.a.fa.other.tmp', name, 'a.fa'].toSorted());
});

it.each([
  ['of another host', () => '00000000-1-00000000'],
  ['of a process whose start nobody could see', () => `${writerOfTemps().host}-${process.pid}-00000000`],
])('a temporary file %s → removed once it has not changed for an hour', async (_, writer) => {
  const folder = await temporaryFolder();
  const fresh = `.a.fa.${writer()}-0123456789abcdef.tmp`;
  const old = `.b.fa.${writer()}-0123456789abcdef.tmp`;
  for (const file of [fresh, old]) await writeFile(join(folder, file), 'x');
  const hoursAgo = new Date(Date.now() - 2 * 3_600_000);
  await utimes(join(folder, old), hoursAgo, hoursAgo);
  expect(await sweepAbandonedTemps(folder)).toEqual({ names: 2, removed: 1 });
  expect(await readdir(folder)).toEqual([fresh]);
});

it('one that cannot be removed → left, and nothing is thrown', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, abandonedTemp('a')), 'x');
  const refusing = {
    ...nodeFileSystem,
    unlink: () => Promise.reject(Object.assign(new Error('EPERM'), { code: 'EPERM' })),
  };
  expect(await sweepAbandonedTemps(folder, refusing)).toEqual({ names: 1, removed: 0 });
});

it('no folder → nothing to remove', async () => {
  expect(await sweepAbandonedTemps(join(await temporaryFolder(), 'none'))).toEqual({ names: 0, removed: 0 });
});

it('a name of 255 bytes → a temporary name that is no longer', async () => {
  const name = basename(tempPath(join('/', 'ü'.repeat(127) + 'x')));
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
});
