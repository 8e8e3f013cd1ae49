import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createFile } from '../../../src/run/atomic-file.ts';
import { FaultyFileSystem, type Fault, type Operation } from '../../support/faulty-file-system.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const storage = (faults: Partial<Record<Operation, Fault>>) =>
  new FaultyFileSystem({ fault: ({ operation }) => faults[operation] });

async function scene() {
  const folder = await temporaryFolder();
  const path = join(folder, 'plan.json');
  return { path, content: () => readFile(path, 'utf8'), names: () => readdir(folder) };
}

describe('createFile', () => {
  it.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])('storage without links (%s) → created once', async (errno) => {
    const { path, content, names } = await scene();
    const without = storage({ link: { errno } });
    expect(await createFile(path, 'first', without)).toBe(true);
    expect(await createFile(path, 'second', without)).toBe(false);
    expect([await content(), await names()]).toEqual(['first', ['plan.json']]);
  });

  it.each(['EEXIST', 'EIO'])('the link is made and %s answered, as NFS may → created', async (errno) => {
    const { path, content, names } = await scene();
    expect(await createFile(path, 'first', storage({ link: { errno, lie: true } }))).toBe(true);
    expect([await content(), await names()]).toEqual(['first', ['plan.json']]);
  });

  it('the rename is made and EIO answered, without links → created', async () => {
    const { path, content } = await scene();
    const faults = { link: { errno: 'EPERM' }, rename: { errno: 'EIO', lie: true } };
    expect(await createFile(path, 'first', storage(faults))).toBe(true);
    expect(await content()).toBe('first');
  });

  it.each([{ link: { errno: 'EIO' } }, { link: { errno: 'EPERM' }, rename: { errno: 'EIO' } }])(
    '%j → that error, and nothing is left',
    async (faults) => {
      const { path, names } = await scene();
      await expect(createFile(path, 'first', storage(faults))).rejects.toMatchObject({ code: 'EIO' });
      expect(await names()).toEqual([]);
    },
  );

  it('an empty file that a killed creator left → replaced', async () => {
    const { path, content, names } = await scene();
    await writeFile(path, '');
    expect(await createFile(path, 'second')).toBe(true);
    expect([await content(), await names()]).toEqual(['second', ['plan.json']]);
  });

  it('an empty file whose creator is at work → waited for and left', async () => {
    const { path, content } = await scene();
    await writeFile(path, '');
    const creating = createFile(path, 'second');
    await setTimeout(60);
    await writeFile(path, 'first');
    expect([await creating, await content()]).toEqual([false, 'first']);
  });
});
