import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identifyProcess, isProcessAlive } from '../platform/process-identity.mjs';

/** Processes that use the server of a run: the last one to leave ends it. One that was killed counts no more. */
function usersFolder(folder: string): string {
  return join(folder, 'users');
}

function userFile(folder: string, pid: number): string {
  return join(usersFolder(folder), `${pid}.json`);
}

/** Notes that this process uses the server. Call it under the lock of the state folder. */
export function registerUser(folder: string): void {
  mkdirSync(usersFolder(folder), { recursive: true });
  writeFileSync(userFile(folder, process.pid), JSON.stringify(identifyProcess()));
}

/**
 * Notes that this process uses the server no more. Call it under the lock of the state folder.
 *
 * @returns whether another process still uses it
 */
export function releaseUser(folder: string): boolean {
  mkdirSync(usersFolder(folder), { recursive: true });
  rmSync(userFile(folder, process.pid), { force: true });
  let used = false;
  for (const name of readdirSync(usersFolder(folder))) {
    const file = join(usersFolder(folder), name);
    if (isUser(file)) used = true;
    else rmSync(file, { force: true });
  }
  return used;
}

function isUser(file: string): boolean {
  try {
    return isProcessAlive(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return false;
  }
}
