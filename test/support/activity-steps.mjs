// Preloaded with --import in every thread of an activity process: counts its operations on the files of one folder and
// ends or stops the process at a chosen one. What has to be counted goes through node:fs here, so every way to it is wrapped.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { constants } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

/** Fields of the state that the threads of the process share. */
const COUNT = 0;
const TARGET = 1;
const ACTION = 2;
const TORN = 3;
const TRACE = 4;
const ACTIONS = ['none', 'kill', 'kill-all', 'stop'];

/** Files of the run as a whole are read once in a process or often: not counted, so that a task's steps have fixed numbers. */
const OF_TASKS = /^(run folder|\.virnucpro\/spool|\.?TASK)/u;

const KEY = 'activity-steps';
if (isMainThread) setEnvironmentData(KEY, new Int32Array(new SharedArrayBuffer(5 * Int32Array.BYTES_PER_ELEMENT)));
const state = /** @type {Int32Array} */ (getEnvironmentData(KEY));

const folder = `${process.env['STEPS_FOLDER']}/`;
/**
 * @typedef {(...args: any[]) => any} Call
 *
 * @typedef {Record<'openSync' | 'writeSync' | 'rmSync' | 'readFileSync' | 'existsSync' | 'open' | 'rm', Call> &
 *   Record<string, Call>} Calls
 */
const wrapped = /** @type {Calls} */ (/** @type {unknown} */ (fs));
const wrappedPromises = /** @type {Calls} */ (/** @type {unknown} */ (fs.promises));
const original = { ...wrapped };
const originalPromises = { ...wrappedPromises };

/**
 * Counts from 1 again.
 *
 * @param {{ at?: number, action?: string, torn?: number, trace?: boolean }} plan `at`: the operation before which, or within
 *   which if it is a write, the action is taken; `torn`: thousandths of that write that are carried out
 */
export function armSteps({ at = 0, action = 'none', torn = 0, trace = false }) {
  state.set([0, at, ACTIONS.indexOf(action), torn, Number(trace)]);
}

/** @param {object} message */
export function tell(message) {
  original.writeSync(1, `${JSON.stringify(message)}\n`);
}

/**
 * @param {string} name
 * @param {string} path
 * @param {(share: number) => void} [tear] carries out a share of a write
 */
function step(name, path, tear) {
  if (!OF_TASKS.test(role(path))) return;
  const number = Atomics.add(state, COUNT, 1) + 1;
  const isTarget = number === state[TARGET];
  if (!isTarget && state[TRACE] === 0) return;
  const thread = isMainThread ? 'main' : 'publish';
  tell({ step: number, label: `${thread}: ${name} ${role(path)}` });
  if (!isTarget) return;
  const action = ACTIONS[state[ACTION] ?? 0];
  if (action === 'stop') {
    process.kill(process.pid, 'SIGSTOP');
    untilStopped();
    return;
  }
  tear?.((state[TORN] ?? 0) / 1000);
  if (action === 'kill-all') killChildren();
  process.kill(process.pid, 'SIGKILL');
  // The signal may take a moment to arrive; nothing more must happen until then.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/**
 * Whichever thread takes the signal stops all of them, which may be a moment later; nothing must happen until then. The
 * signal is pending (`ShdPnd`, a bit mask in hexadecimal) until the stop has begun.
 */
function untilStopped() {
  const bit = 1n << BigInt(constants.signals.SIGSTOP - 1);
  const isPending = () => {
    const mask = /^ShdPnd:\s*([0-9a-f]+)$/mu.exec(original.readFileSync('/proc/self/status', 'latin1'))?.[1];
    return (BigInt(`0x${mask}`) & bit) !== 0n;
  };
  while (isPending()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

function killChildren() {
  const text = original.readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8');
  for (const pid of text.trim().split(' ').filter(Boolean)) {
    try {
      process.kill(-Number(pid), 'SIGKILL');
    } catch {
      // it has ended by itself
    }
  }
}

/**
 * What a file is for, without what is unique in its name.
 *
 * @param {string} path
 */
function role(path) {
  const name = path.slice(folder.length);
  if (name === '') return 'run folder';
  return name
    .replace(/spool\/[0-9a-f]{24}/u, 'spool/TASK')
    .replace(/seg-.*\.rows/u, 'SEGMENT')
    .replace(/epoch-\d+\.json/u, 'EPOCH')
    .replace(/[0-9a-f]{8}-\d+-[0-9a-f]{8}-[0-9a-f]{16}\.tmp/u, 'tmp')
    .replace(/s\d+_FAKE/u, 'TASK')
    .replace(/[0-9a-f]{64}/u, 'DIGEST');
}

/** @param {unknown} path */
function isOurs(path) {
  return typeof path === 'string' && `${path}/`.startsWith(folder);
}

/** Paths of descriptors that this thread opened below the folder. */
const opened = new Map();

/** @param {string} name @param {number} flags */
function openName(name, flags) {
  return typeof flags === 'number' && (flags & fs.constants.O_CREAT) !== 0 ? `${name} new` : name;
}

for (const name of ['link', 'rename', 'unlink', 'mkdir', 'rmdir', 'readdir', 'stat', 'readFile', 'writeFile']) {
  const target = name === 'link' || name === 'rename' ? 1 : 0;
  wrapSync(`${name}Sync`, name, target);
  wrapPromise(name, target);
}

/** @param {string} method @param {string} name @param {number} target */
function wrapSync(method, name, target) {
  wrapped[method] = (...args) => {
    if (isOurs(args[target])) step(name, args[target]);
    return original[method]?.(...args);
  };
}

/** @param {string} name @param {number} target */
function wrapPromise(name, target) {
  wrappedPromises[name] = async (...args) => {
    if (isOurs(args[target])) step(name, args[target]);
    return originalPromises[name]?.(...args);
  };
}

wrapped.openSync = (path, flags, mode) => {
  if (!isOurs(path)) return original.openSync(path, flags, mode);
  step(openName('open', flags), path);
  const fd = original.openSync(path, flags, mode);
  opened.set(fd, path);
  return fd;
};

for (const name of ['read', 'fstat', 'fsync', 'close']) {
  const method = `${name}Sync`;
  wrapped[method] = (fd, ...args) => {
    const path = opened.get(fd);
    if (path !== undefined) step(name, path);
    if (name === 'close') opened.delete(fd);
    return original[method]?.(fd, ...args);
  };
}

wrapped.writeSync = (fd, bytes, offset, length, position) => {
  const path = opened.get(fd);
  if (path !== undefined) step('write', path, tearing(fd, bytes, offset, length, position));
  return original.writeSync(fd, bytes, offset, length, position);
};

/** @type {Call} */
function tearing(fd, bytes, offset, length, position) {
  return (/** @type {number} */ share) =>
    void original.writeSync(fd, bytes, offset, Math.floor(share * length), position);
}

wrappedPromises.open = async (path, flags, mode) => {
  if (!isOurs(path)) return originalPromises.open(path, flags, mode);
  step(openName('open', flags), path);
  const handle = await originalPromises.open(path, flags, mode);
  for (const name of ['read', 'stat', 'sync', 'datasync', 'close']) {
    const method = handle[name].bind(handle);
    handle[name] = /** @type {Call} */ (
      async (...args) => {
        step(name, path);
        return method(...args);
      }
    );
  }
  const write = handle.write.bind(handle);
  handle.write = /** @type {Call} */ (
    async (bytes, offset, length, position) => {
      step('write', path, tearing(handle.fd, bytes, offset, length, position));
      return write(bytes, offset, length, position);
    }
  );
  return handle;
};

// Removing a folder takes many operations, between any two of which the process may end. As for rm, what is gone is fine, and
// what appears meanwhile makes it begin again.
wrapped.rmSync = (path, options) => {
  if (!isOurs(path) || !options?.recursive) return original.rmSync(path, options);
  for (let retries = 0; ; retries++) {
    for (const name of unless('ENOENT', () => fs.readdirSync(path)) ?? []) {
      unless('ENOENT', () => fs.unlinkSync(join(path, name)));
    }
    const isFull = unless('ENOTEMPTY', () => unless('ENOENT', () => fs.rmdirSync(path)) ?? true) === undefined;
    if (!isFull || retries === (options.maxRetries ?? 0)) return undefined;
  }
};

/**
 * @template T
 * @param {string} code
 * @param {() => T} work
 * @returns {T | undefined} undefined if that error came
 */
function unless(code, work) {
  try {
    return work();
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== code) throw error;
    return undefined;
  }
}

wrappedPromises.rm = async (path, options) => {
  if (!isOurs(path)) return originalPromises.rm(path, options);
  if (options?.recursive) return fs.rmSync(path, options);
  if (original.existsSync(path)) await fs.promises.unlink(path);
  return undefined;
};

syncBuiltinESMExports();
