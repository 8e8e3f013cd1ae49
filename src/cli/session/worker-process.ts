import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { deferred } from '../../platform/deferred.ts';
import { entryUrl } from '../../platform/entry-url.ts';
import { fileURLToPath } from 'node:url';
import type { DeviceLostMessage } from '../serve-worker.ts';

/** Workers flush and end within their force time of 20 s; then they are killed. */
const STOP_TIMEOUT_MS = 25_000;
/** A worker that dies is started again; one that dies at once is not started in a tight loop. */
const RESTART_DELAY_MS = 1000;
/** A worker process of this command, in a session of its own; started again when it dies. */
export class WorkerProcess {
  readonly #args: readonly string[];
  readonly #logFile: string;
  readonly #log: (line: string) => void;
  #child: ChildProcess;
  #stopping = false;

  /** Resolves when an embedder of it has lost its device. */
  readonly deviceLost: Promise<DeviceLostMessage['deviceLost']>;
  readonly #tellLost: (lost: DeviceLostMessage['deviceLost']) => void;

  /**
   * @param args of `virnucpro worker`
   * @param logFile gets what it prints
   */
  constructor(args: readonly string[], logFile: string, log: (line: string) => void) {
    this.#args = args;
    this.#logFile = logFile;
    this.#log = log;
    const lost = deferred<DeviceLostMessage['deviceLost']>();
    this.deviceLost = lost.promise;
    this.#tellLost = lost.resolve;
    this.#child = this.#spawn();
  }

  #spawn(): ChildProcess {
    const output = openSync(this.#logFile, 'a');
    const main = fileURLToPath(entryUrl(import.meta.url, '../main.js'));
    const child = spawn(process.execPath, [main, 'worker', ...this.#args], {
      detached: true,
      stdio: ['ignore', output, output, 'ipc'],
    });
    closeSync(output);
    child.on('message', (message: DeviceLostMessage) => this.#tellLost(message.deviceLost));
    child.on('error', (error) => this.#log(`worker: ${error.message}`));
    child.once('exit', (code, signal) => void this.#restart(code, signal));
    return child;
  }

  async #restart(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    if (this.#stopping) return;
    this.#log(`the worker process ended (${signal ?? `exit code ${code}`}, see ${this.#logFile}); starting another`);
    await sleep(RESTART_DELAY_MS);
    if (!this.#stopping) this.#child = this.#spawn();
  }

  /** Tells it to hand its tasks back, and waits until it has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => this.kill(), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  }

  kill(): void {
    this.#stopping = true;
    this.#child.kill('SIGKILL');
  }
}
