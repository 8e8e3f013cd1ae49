import { readdir, readFile } from 'node:fs/promises';

/**
 * @typedef {object} ProcessUsage
 * @property {number} cpuMs user and system time so far
 * @property {number} rssBytes
 * @property {number} peakBytes most resident memory so far
 */

/** Length of a tick of /proc/pid/stat on Linux. */
const TICK_MS = 10;

/**
 * What a process has used, from /proc (Linux). See proc(5): fields 14 and 15 of stat, VmRSS and VmHWM of status.
 *
 * @param {number} pid
 * @returns {Promise<ProcessUsage>}
 * @throws errno errors: ENOENT if the process is gone
 */
export async function processUsage(pid) {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ]);
  // The name of the program, in parentheses, may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    cpuMs: TICK_MS * (Number(fields[11]) + Number(fields[12])),
    rssBytes: kibibytes(status, 'VmRSS'),
    peakBytes: kibibytes(status, 'VmHWM'),
  };
}

/**
 * @param {string} status
 * @param {string} name
 */
function kibibytes(status, name) {
  return 1024 * Number(new RegExp(String.raw`^${name}:\s+(\d+) kB$`, 'mu').exec(status)?.[1] ?? NaN);
}

/**
 * CPU of several processes over a stretch of time.
 *
 * @param {Readonly<Record<string, number>>} pids by what they are
 * @returns {Promise<() => Promise<Record<string, number>>>} gives the CPU milliseconds of each since the call
 */
export async function cpuSince(pids) {
  const names = Object.keys(pids);
  const read = () => Promise.all(Object.values(pids).map(async (pid) => (await processUsage(pid)).cpuMs));
  const before = await read();
  return async () => {
    const now = await read();
    return Object.fromEntries(names.map((name, at) => [name, (now[at] ?? NaN) - (before[at] ?? NaN)]));
  };
}

/**
 * Processes that a process has started and that still run.
 *
 * @param {number} pid
 */
export async function childrenOf(pid) {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8')));
  return lists.flatMap((list) => list.split(' ').filter((child) => child !== '')).map(Number);
}
