import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import process from 'node:process';

/**
 * Names one process for good. A process id alone does not: it is given out again once the process is gone, after a
 * restart of the machine at the latest.
 *
 * @typedef {object} ProcessIdentity
 * @property {number} pid
 * @property {string} startTime opaque; compare for equality only
 * @property {string} host
 */

/** Field 22 of /proc/PID/stat is the start time; the fields are counted after the name, which may hold blanks and `)`. */
const STAT_STATE = 0;
const STAT_START_TIME = 22 - 3;

/**
 * @param {number} pid
 * @returns {string | undefined} undefined if there is no such process, or only the remains of one that nobody has waited for
 */
export function processStartTime(pid) {
  return process.platform === 'linux' ? linuxStartTime(pid) : portableStartTime(pid);
}

/** @param {number} pid */
function linuxStartTime(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const state = fields[STAT_STATE];
    if (state === 'Z' || state === 'X') return undefined;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${fields[STAT_START_TIME]}`;
  } catch {
    return undefined;
  }
}

/** @param {number} pid */
function portableStartTime(pid) {
  const { status, stdout } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const [state = '', ...start] = (stdout ?? '').trim().split(/\s+/u);
  return status !== 0 || state.startsWith('Z') || start.length === 0 ? undefined : start.join(' ');
}

/**
 * @param {number} [pid]
 * @returns {ProcessIdentity}
 * @throws {Error} if there is no such process
 */
export function identifyProcess(pid = process.pid) {
  const startTime = processStartTime(pid);
  if (startTime === undefined) throw new Error(`process ${pid} is not running`);
  return { pid, startTime, host: hostname() };
}

/**
 * @param {ProcessIdentity} identity
 * @returns {boolean} false for a process of another host: nothing can be known about it from here
 */
export function isProcessAlive(identity) {
  return identity.host === hostname() && processStartTime(identity.pid) === identity.startTime;
}
