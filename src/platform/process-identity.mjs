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
 * What can be seen of a process. Not being able to look (no descriptor left, /proc hidden from this user) says nothing.
 *
 * @typedef {{ state: 'running', startTime: string } | { state: 'gone' } | { state: 'unknown' }} ProcessSight
 */

/**
 * @param {number} pid
 * @returns {ProcessSight} `gone` also for the remains of a process that nobody has waited for
 */
export function lookAtProcess(pid) {
  const seen = process.platform === 'linux' ? lookOnLinux(pid) : lookWithPs(pid);
  return seen ?? (isThere(pid) ? { state: 'unknown' } : { state: 'gone' });
}

/**
 * @param {number} pid
 * @returns {string | undefined} undefined if no such process can be seen
 */
export function processStartTime(pid) {
  const seen = lookAtProcess(pid);
  return seen.state === 'running' ? seen.startTime : undefined;
}

/**
 * @param {number} pid
 * @returns {ProcessSight | undefined}
 */
function lookOnLinux(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const state = fields[STAT_STATE];
    if (state === 'Z' || state === 'X') return { state: 'gone' };
    return { state: 'running', startTime: `${bootId()}/${fields[STAT_START_TIME]}` };
  } catch {
    return undefined;
  }
}

/** @returns {string} of this start of the machine */
function bootId() {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/**
 * @param {number} pid
 * @returns {ProcessSight | undefined}
 */
function lookWithPs(pid) {
  // Without these, one process has as many start times as there are time zones and languages.
  const env = { ...process.env, TZ: 'UTC', LC_ALL: 'C' };
  const { status, stdout } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8', env });
  const [state = '', ...start] = (stdout ?? '').trim().split(/\s+/u);
  if (state.startsWith('Z')) return { state: 'gone' };
  return status !== 0 || start.length === 0 ? undefined : { state: 'running', startTime: start.join(' ') };
}

/** @param {number} pid */
function isThere(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH';
  }
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
