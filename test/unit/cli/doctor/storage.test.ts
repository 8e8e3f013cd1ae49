import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkStorage } from '../../../../src/cli/doctor/storage.ts';
import type { FileSystem } from '../../../../src/platform/file-system.ts';
import { nodeFileSystem } from '../../../../src/platform/node-file-system.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

describe('checkStorage', () => {
  it('a local folder → all ok, and nothing left behind', async () => {
    const folder = await temporaryFolder();
    const findings = await checkStorage(folder);
    expect(findings.map(({ check, status }) => `${check} ${status}`)).toEqual([
      'writable ok',
      'fsync ok',
      'link ok',
      'rename ok',
    ]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('no hard links → a warning that says how runs get along, the rest is still tried', async () => {
    const folder = await temporaryFolder();
    const findings = await checkStorage(folder, { ...nodeFileSystem, link: () => Promise.reject(errno('ENOTSUP')) });
    expect(findings.map(({ status }) => status)).toEqual(['ok', 'ok', 'warning', 'ok']);
    expect(findings[2]?.message).toContain('ENOTSUP');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('a hard link that replaces → a problem', async () => {
    const link: FileSystem['link'] = async (from, to) => {
      await nodeFileSystem.unlink(to).catch(() => {});
      await nodeFileSystem.link(from, to);
    };
    const findings = await checkStorage(await temporaryFolder(), { ...nodeFileSystem, link });
    expect(findings[2]).toMatchObject({ check: 'link', status: 'problem' });
  });

  it('an fsync of folders that fails → a problem', async () => {
    const syncFolder = () => Promise.reject(errno('EINVAL'));
    const findings = await checkStorage(await temporaryFolder(), { ...nodeFileSystem, syncFolder });
    expect(findings[1]).toMatchObject({ check: 'fsync', status: 'problem' });
  });

  it('a folder that cannot be written → one problem', async () => {
    const makeFolder = () => Promise.reject(errno('EACCES'));
    const findings = await checkStorage(await temporaryFolder(), { ...nodeFileSystem, makeFolder });
    expect(findings).toMatchObject([{ check: 'writable', status: 'problem' }]);
  });

  it('a full disk → one problem that names it', async () => {
    const open = () => Promise.reject(errno('ENOSPC'));
    const findings = await checkStorage(await temporaryFolder(), { ...nodeFileSystem, open });
    expect(findings).toMatchObject([{ check: 'writable', status: 'problem' }]);
    expect(findings[0]?.message).toContain('ENOSPC');
  });

  it('a file server whose clock is an hour behind → a warning', async () => {
    const stat: FileSystem['stat'] = async (path) => {
      const found = await nodeFileSystem.stat(path);
      return found && { ...found, modifiedNs: found.modifiedNs - 3_600_000_000_000n };
    };
    const findings = await checkStorage(await temporaryFolder(), { ...nodeFileSystem, stat });
    expect(findings[3]).toMatchObject({ check: 'rename', status: 'warning' });
    expect(findings[3]?.message).toContain('3600 s ahead');
  });
});

function errno(code: string): Error {
  return Object.assign(new Error(`${code}: made up`), { code });
}
