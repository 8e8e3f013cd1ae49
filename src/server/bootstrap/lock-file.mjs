import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync, linkSync } from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { identifyProcess, isProcessAlive } from '../../platform/process-identity.mjs';

const POLL_MS = 100;

/**
 * Runs `work` while no other process of this host does so under the same lock file. The lock of a process that is gone is
 * taken over, so nothing has to be cleaned up by hand after a SIGKILL.
 *
 * @template T
 * @param {string} path the lock file; its folder is made
 * @param {() => Promise<T>} work
 * @param {(holder: number) => void} [onWait] called once, with the process id of the holder, if the lock is taken
 * @returns {Promise<T>}
 */
export async function withLockFile(path, work, onWait) {
  mkdirSync(dirname(path), { recursive: true });
  const own = JSON.stringify(identifyProcess());
  let told = false;
  while (!createWhole(path, own)) {
    const holder = readHolder(path);
    if (holder === undefined) continue;
    if (!isProcessAlive(holder.identity)) {
      breakLock(path, holder.text);
      continue;
    }
    if (!told) onWait?.(holder.identity.pid);
    told = true;
    await sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    if (readHolder(path)?.text === own) rmSync(path);
  }
}

/**
 * Creates the file together with its content, so that nobody ever reads a lock that names no holder.
 *
 * @param {string} path
 * @param {string} text
 */
function createWhole(path, text) {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, text);
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

/** @param {string} path */
function readHolder(path) {
  try {
    const text = readFileSync(path, 'utf8');
    /** @type {import('../../platform/process-identity.mjs').ProcessIdentity} */
    const identity = JSON.parse(text);
    return { text, identity };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new Error(`${path}: this lock file cannot be read; remove it if no virnucpro process is running`, {
      cause: error,
    });
  }
}

/**
 * Of several processes that find the same dead holder only one may go on: each moves the file away, which works once, and
 * puts it back if a living process had taken the lock in between.
 *
 * @param {string} path
 * @param {string} staleText
 */
function breakLock(path, staleText) {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
    if (readFileSync(aside, 'utf8') !== staleText) linkSync(aside, path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
