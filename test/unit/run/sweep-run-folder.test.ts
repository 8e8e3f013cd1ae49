import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { tempPath } from '../../../src/platform/temp-files.ts';
import { sweepRunFolder } from '../../../src/run/sweep-run-folder.ts';
import { listing } from '../../support/run-folder.ts';
import { abandonedTemp } from '../../support/temp-names.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function write(directory: string, names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), 'x');
  }
}

it('half-written files of processes that are gone, at any depth → removed; of those that run, spools and files of users → kept', async () => {
  const directory = await temporaryFolder();
  const folders = ['', '.virnucpro', '.virnucpro/stages', '.virnucpro/failures/0123456789abcdef'];
  write(
    directory,
    folders.map((folder) => join(folder, abandonedTemp('a.json'))),
  );
  const kept = [
    ...['a.pt', '.b.tmp', '.virnucpro/owner.json', `own/${abandonedTemp('b')}`],
    `.virnucpro/spool/t/${abandonedTemp('c')}`,
    ...folders.map((folder) => relative(directory, tempPath(join(directory, folder, 'a.json')))),
  ];
  write(directory, kept);
  await sweepRunFolder(directory);
  const left = listing(directory).filter((name) => kept.includes(name) || name.endsWith('.tmp'));
  expect(left).toEqual(kept.toSorted());
});

it('no internal folder → nothing to remove', async () => {
  const directory = await temporaryFolder();
  await sweepRunFolder(directory);
  expect(listing(directory)).toEqual([]);
});
