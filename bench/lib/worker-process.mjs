import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const TELL_MEMORY = new URL('tell-memory.mjs', import.meta.url).href;
const NO_FSYNC = new URL('no-fsync.mjs', import.meta.url).href;
const LOG_TAIL = 2000;

/**
 * @typedef {object} WorkerOptions
 * @property {string} address host:port of the server
 * @property {number} serverPid
 * @property {string} logFile gets what it prints
 * @property {boolean} [fsync] false: fsync does nothing in this worker
 * @property {number} [slots] tasks in flight per embedder
 */

/** A worker process for the fake embedder, started as `virnucpro embed` starts its own: every role in one process. */
export class WorkerProcess {
  #child;
  #logFile;
  /** @type {NodeJS.MemoryUsage | undefined} */
  #memory;

  /** @param {WorkerOptions} options */
  constructor({ address, serverPid, logFile, fsync = true, slots }) {
    const preloads = [TELL_MEMORY, ...(fsync ? [] : [NO_FSYNC])].flatMap((url) => ['--import', url]);
    const server = ['--address', address, '--namespace', 'default', '--local-server-pid', String(serverPid)];
    const some = slots === undefined ? [] : ['--slots', String(slots)];
    const output = openSync(logFile, 'a');
    this.#logFile = logFile;
    this.#child = spawn(
      process.execPath,
      [...preloads, MAIN, 'worker', '--role', 'all', '--embedder', 'fake', ...server, ...some],
      // In a session of its own: Ctrl-C is for the bench, which stops it in its turn. It ends when its channel closes.
      { stdio: ['ignore', output, output, 'ipc'], detached: true },
    );
    closeSync(output);
    this.#child.on('message', (message) => (this.#memory = /** @type {NodeJS.MemoryUsage} */ (message)));
  }

  get pid() {
    if (this.#child.pid === undefined) throw new Error(`the worker could not be started: ${this.#logTail()}`);
    return this.#child.pid;
  }

  /** What the main thread's heap held when it last said so. */
  get memory() {
    return this.#memory;
  }

  /** @throws Error if it has ended though nobody asked it to */
  assertAlive() {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) return;
    throw new Error(`the worker ended (${signalCode ?? `exit code ${exitCode}`}): ${this.#logTail()}`);
  }

  /** Lets it hand its tasks back. */
  async stop() {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }

  #logTail() {
    return readFileSync(this.#logFile, 'utf8').slice(-LOG_TAIL).trim();
  }
}
