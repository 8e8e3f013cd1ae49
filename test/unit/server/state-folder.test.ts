import { mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeStateFolder, stateFolder } from '../../../src/server/state-folder.ts';

const EXT4 = 0xef53;
const NFS = 0x6969;
const surroundings = (env: NodeJS.ProcessEnv, type = EXT4) => ({
  env,
  temporaryFolder: '/scratch',
  fileSystemType: () => type,
});

describe('stateFolder', () => {
  it('XDG_STATE_HOME → below it', () => {
    expect(stateFolder('0123456789ab', surroundings({ XDG_STATE_HOME: '/state', HOME: '/home/me' }))).toBe(
      '/state/virnucpro/0123456789ab',
    );
  });

  it('no XDG_STATE_HOME → ~/.local/state', () => {
    expect(stateFolder('0123456789ab', surroundings({ HOME: '/home/me' }))).toBe(
      '/home/me/.local/state/virnucpro/0123456789ab',
    );
  });

  it('home on NFS → the temporary folder, apart for each user', () => {
    expect(stateFolder('0123456789ab', surroundings({ HOME: '/home/me' }, NFS))).toBe(
      `/scratch/virnucpro-${userInfo().uid}/0123456789ab`,
    );
  });

  it.each(['', '0123456789AB', '../../etc/abcd', '0123456789abc'])('%j is no run id → rejected', (runId) => {
    expect(() => stateFolder(runId, surroundings({ HOME: '/home/me' }))).toThrow('not 12 hex digits');
  });

  it('a state home that does not exist yet → its file system is that of the nearest folder above', () => {
    const previous = process.env['XDG_STATE_HOME'];
    process.env['XDG_STATE_HOME'] = join(tmpdir(), 'not', 'made', 'yet');
    try {
      expect(stateFolder('0123456789ab')).toMatch(/0123456789ab$/u);
    } finally {
      if (previous === undefined) delete process.env['XDG_STATE_HOME'];
      else process.env['XDG_STATE_HOME'] = previous;
    }
  });
});

describe('makeStateFolder', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'virnucpro-state-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('nothing there → made for its user only; there already → kept', () => {
    const made = join(folder, 'virnucpro', '0123456789ab');
    makeStateFolder(made);
    makeStateFolder(made);
    expect(statSync(made).mode & 0o777).toBe(0o700);
  });

  it('a link in its place → rejected', () => {
    symlinkSync(tmpdir(), join(folder, '0123456789ab'));
    expect(() => makeStateFolder(join(folder, '0123456789ab'))).toThrow('is not a folder of the current user');
  });
});
