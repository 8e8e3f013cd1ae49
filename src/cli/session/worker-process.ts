import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { deferred } from '../../platform/deferred.ts';
import { entryUrl } from '../../platform/entry-url.ts';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../exit.ts';
import type { DeviceLostMessage } from '../serve-worker.ts';

/** Workers flush and end within their force time of 20 s; then they are killed. */
const STOP_TIMEOUT_MS = 25_000;
/** A worker that dies is started again; one that dies at once is not started in a tight loop. */
const RESTART_DELAY_MS = 1000;

/** What the tests put in place of a worker. */
export interface WorkerProgram {
  /** Gets the path of the command's main module, `worker` and its arguments. */
  execPath: string;
  restartDelayMs: number;
}

interface Started {
  readonly child: ChildProcess;
  /** Says how it ended, or why it could not be started. */
  readonly ended: Promise<string>;
}

/** A worker process of this command, in a session of its own; started again when it dies or could not be started. */
export class WorkerProcess {
  readonly #args: readonly string[];
  readonly #logFile: string;
  readonly #log: (line: string) => void;
  readonly #program: WorkerProgram;
  #started: Started;
  #stopping = false;

  /** Resolves when an embedder of it has lost its device. */
  readonly deviceLost: Promise<DeviceLostMessage['deviceLost']>;
  readonly #tellLost: (lost: DeviceLostMessage['deviceLost']) => void;

  /**
   * @param args of `virnucpro worker`
   * @param logFile gets what it prints
   * @throws errno errors if the log cannot be written
   */
  constructor(
    args: readonly string[],
    logFile: string,
    log: (line: string) => void,
    program: WorkerProgram = { execPath: process.execPath, restartDelayMs: RESTART_DELAY_MS },
  ) {
    this.#args = args;
    this.#logFile = logFile;
    this.#log = log;
    this.#program = program;
    const lost = deferred<DeviceLostMessage['deviceLost']>();
    this.deviceLost = lost.promise;
    this.#tellLost = lost.resolve;
    this.#started = this.#start();
  }

  #start(): Started {
    const output = openSync(this.#logFile, 'a');
    try {
      const main = fileURLToPath(entryUrl(import.meta.url, '../main.js'));
      const child = spawn(this.#program.execPath, [main, 'worker', ...this.#args], {
        detached: true,
        stdio: ['ignore', output, output, 'ipc'],
      });
      child.on('message', (message: DeviceLostMessage) => this.#tellLost(message.deviceLost));
      const ended = endOf(child);
      void ended.then((how) => this.#startAgain(how));
      return { child, ended };
    } finally {
      closeSync(output);
    }
  }

  async #startAgain(how: string): Promise<void> {
    let reason = `${how}, see ${this.#logFile}`;
    while (!this.#stopping) {
      this.#log(`the worker process ended (${reason}); starting another`);
      await sleep(this.#program.restartDelayMs);
      if (this.#stopping) return;
      try {
        this.#started = this.#start();
        return;
      } catch (error) {
        reason = messageOf(error);
      }
    }
  }

  /** Tells it to hand its tasks back, and waits until it has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const { child, ended } = this.#started;
    child.kill('SIGTERM');
    const timer = setTimeout(() => this.kill(), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  }

  kill(): void {
    this.#stopping = true;
    this.#started.child.kill('SIGKILL');
  }
}

/** A process that could not be started has an error, and no exit. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      if (child.pid === undefined) resolve(error.message);
    });
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}
