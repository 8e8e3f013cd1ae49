import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { identifyProcess } from '../../../src/platform/process-identity.mjs';
import { registerUser, releaseUser } from '../../../src/server/server-users.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('users of a local server', () => {
  test('the only user leaves → nobody uses it', async () => {
    const folder = await temporaryFolder();
    registerUser(folder);
    expect(releaseUser(folder)).toBe(false);
  });

  test('leaving without having come → nobody uses it', async () => {
    expect(releaseUser(await temporaryFolder())).toBe(false);
  });

  test('another live process uses it → still used; that one killed → forgotten', async () => {
    const folder = await temporaryFolder();
    registerUser(folder);
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(other, 'spawn');
    writeFileSync(join(folder, 'users', `${other.pid}.json`), JSON.stringify(identifyProcess(other.pid)));
    expect(releaseUser(folder)).toBe(true);
    other.kill('SIGKILL');
    await once(other, 'exit');
    expect(releaseUser(folder)).toBe(false);
    expect(readdirSync(join(folder, 'users'))).toEqual([]);
  });
});
