import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../../src/cli/doctor/finding.ts';
import { checkStorage } from '../../../../src/cli/doctor/storage.ts';
import { triedFileSystem, type TriedFileSystem } from '../../../../src/cli/doctor/tried-file-system.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

/** How long the disk of this machine takes, which may have other work, is not looked at. */
const quickToSync: TriedFileSystem = {
  ...triedFileSystem,
  open: async (path, mode) => {
    const file = await triedFileSystem.open(path, mode);
    return Object.assign(file, { sync: async () => {} });
  },
  syncFolder: async () => {},
};

describe('checkStorage', () => {
  it('a local folder → all ok, and nothing left behind', async () => {
    const folder = await temporaryFolder();
    const findings = await checkStorage(folder, quickToSync);
    expect(findings.map(({ check, status }) => `${check} ${status}`)).toEqual([
      'writable ok',
      'fsync ok',
      'link ok',
      'rename ok',
      'append ok',
      'names ok',
      'storage-clock ok',
    ]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('no hard links → a warning that says how runs get along, the rest is still tried', async () => {
    const folder = await temporaryFolder();
    const findings = await checkStorage(folder, { ...quickToSync, link: () => Promise.reject(errno('ENOTSUP')) });
    expect(findings.map(({ status }) => status)).toEqual(['ok', 'ok', 'warning', 'ok', 'ok', 'ok', 'ok']);
    expect(findings[2]?.message).toContain('ENOTSUP');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('a hard link that replaces → a problem', async () => {
    const link: TriedFileSystem['link'] = async (from, to) => {
      await triedFileSystem.unlink(to).catch(() => {});
      await triedFileSystem.link(from, to);
    };
    const findings = await checkStorage(await temporaryFolder(), { ...triedFileSystem, link });
    expect(findings[2]).toMatchObject({ check: 'link', status: 'problem' });
  });

  it('an fsync of folders that fails → a problem', async () => {
    const syncFolder = () => Promise.reject(errno('EINVAL'));
    const findings = await checkStorage(await temporaryFolder(), { ...triedFileSystem, syncFolder });
    expect(findings[1]).toMatchObject({ check: 'fsync', status: 'problem' });
  });

  it('a folder that cannot be written → one problem', async () => {
    const makeFolder = () => Promise.reject(errno('EACCES'));
    const findings = await checkStorage(await temporaryFolder(), { ...triedFileSystem, makeFolder });
    expect(findings).toMatchObject([{ check: 'writable', status: 'problem' }]);
  });

  it('a full disk → one problem that names it', async () => {
    const open = () => Promise.reject(errno('ENOSPC'));
    const findings = await checkStorage(await temporaryFolder(), { ...triedFileSystem, open });
    expect(findings).toMatchObject([{ check: 'writable', status: 'problem' }]);
    expect(findings[0]?.message).toContain('ENOSPC');
  });

  it.each([
    [-3600, '3600 s ahead of'],
    [120, '120 s behind'],
  ])('a file server whose clock differs by %s s → a warning: this host is %s it', async (seconds, text) => {
    const stat: TriedFileSystem['stat'] = async (path) => {
      const found = await triedFileSystem.stat(path);
      return found && { ...found, modifiedNs: found.modifiedNs + BigInt(seconds) * 1_000_000_000n };
    };
    const clock = await verdict('storage-clock', { stat });
    expect(clock).toMatchObject({ status: 'warning', message: expect.stringContaining(text) });
  });

  it('a rename that leaves the old name → a problem', async () => {
    const rename: TriedFileSystem['rename'] = async (from, to) => {
      await triedFileSystem.append(to, await triedFileSystem.readAll(from));
    };
    expect(await verdict('rename', { rename })).toMatchObject({ status: 'problem' });
  });

  it('appending that begins anew, as an object store does → a warning with what is left', async () => {
    const contents = new Map<string, Uint8Array>();
    const append: TriedFileSystem['append'] = async (path, bytes) => void contents.set(path, bytes);
    const readAll: TriedFileSystem['readAll'] = async (path) => contents.get(path)!;
    const found = await verdict('append', { append, readAll });
    expect(found).toMatchObject({ status: 'warning', message: expect.stringContaining('left 4 bytes instead of 8') });
  });

  it('names of at most 143 bytes, as where names are encrypted → a warning with the room for inputs', async () => {
    const open: TriedFileSystem['open'] = (path, mode) => {
      if (basename(path).length > 143) return Promise.reject(errno('ENAMETOOLONG'));
      return triedFileSystem.open(path, mode);
    };
    const found = await verdict('names', { open });
    expect(found).toMatchObject({ status: 'warning', message: expect.stringContaining('at most 143 bytes') });
    expect(found?.message).toContain('those of inputs may have 63');
  });

  it('upper and lower case are one → information', async () => {
    const stat: TriedFileSystem['stat'] = (path) =>
      triedFileSystem.stat(join(dirname(path), basename(path).toLowerCase()));
    expect(await verdict('names', { stat })).toMatchObject({ status: 'info' });
  });

  it('an fsync that takes a quarter of a second → a warning', async () => {
    const syncFolder: TriedFileSystem['syncFolder'] = async (path) => {
      await sleep(260);
      await triedFileSystem.syncFolder(path);
    };
    expect(await verdict('fsync', { syncFolder })).toMatchObject({
      status: 'warning',
      todo: expect.stringContaining('--batch-size'),
    });
  });
});

async function verdict(check: string, changed: Partial<TriedFileSystem>): Promise<Finding | undefined> {
  const findings = await checkStorage(await temporaryFolder(), { ...triedFileSystem, ...changed });
  return findings.find((finding) => finding.check === check);
}

function errno(code: string): Error {
  return Object.assign(new Error(`${code}: made up`), { code });
}
