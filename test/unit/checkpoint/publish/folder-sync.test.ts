import { expect, it } from 'vitest';
import { syncFolderShared } from '../../../../src/checkpoint/publish/folder-sync.ts';
import { FaultyFileSystem } from '../../../support/faulty-file-system.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

it('callers while an fsync runs → wait for the next one, together', async () => {
  const folder = await temporaryFolder();
  const fileSystem = new FaultyFileSystem();
  const first = syncFolderShared(fileSystem, folder);
  const others = [syncFolderShared(fileSystem, folder), syncFolderShared(fileSystem, folder)];
  expect(fileSystem.calls).toHaveLength(1);
  await Promise.all([first, ...others]);
  expect(fileSystem.calls).toHaveLength(2);
  await syncFolderShared(fileSystem, folder);
  expect(fileSystem.calls).toHaveLength(3);
});

it('an fsync that fails → fails those that waited for it, not those after it', async () => {
  const folder = await temporaryFolder();
  const fileSystem = new FaultyFileSystem({ fault: ({ number }) => (number === 1 ? { errno: 'EIO' } : undefined) });
  const [first, second] = await Promise.allSettled([
    syncFolderShared(fileSystem, folder),
    syncFolderShared(fileSystem, folder),
  ]);
  expect(first).toMatchObject({ status: 'rejected', reason: { code: 'EIO' } });
  expect(second.status).toBe('fulfilled');
});

it('a folder that cannot be synced (EINVAL) → taken as synced', async () => {
  const fileSystem = new FaultyFileSystem({ fault: () => ({ errno: 'EINVAL' }) });
  await expect(syncFolderShared(fileSystem, await temporaryFolder())).resolves.toBeUndefined();
});
