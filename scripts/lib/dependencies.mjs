import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { say } from './console.mjs';
import { ROOT, runOrThrow } from './run.mjs';

/** @typedef {{ packages: Record<string, { version?: string, optional?: boolean }> }} Lock */

/** Runs `npm ci` unless what the lock file asks for is installed. */
export async function ensureDependencies() {
  const reason = whyInstall();
  if (reason === undefined) {
    say('dependencies: installed');
    return;
  }
  say(`dependencies: ${reason}; running npm ci`);
  await runOrThrow('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], { stdout: 'stderr' });
}

/**
 * npm keeps a copy of the lock inside node_modules, written when an installation is complete, with what it installed.
 *
 * @returns {string | undefined} undefined if nothing is to be installed
 */
function whyInstall() {
  const wanted = readLock('package-lock.json');
  if (wanted === undefined) throw new Error('package-lock.json is missing: this is not a complete clone');
  const installed = readLock(join('node_modules', '.package-lock.json'));
  if (installed === undefined) return 'not installed yet';
  const different = Object.entries(wanted.packages).find(([path, { version, optional }]) => {
    const found = installed.packages[path];
    return path !== '' && (found ? found.version !== version : !optional);
  });
  return different && `${different[0]} is not the one of package-lock.json`;
}

/**
 * @param {string} path
 * @returns {Lock | undefined}
 */
function readLock(path) {
  try {
    return JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
  } catch {
    return undefined;
  }
}
