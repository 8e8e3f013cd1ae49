import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { processesOf } from './processes.ts';
import { REPOSITORY } from './repository.ts';

const CHILD = join(REPOSITORY, 'test', 'support', 'worker-process.mjs');
const STEPS = join(REPOSITORY, 'test', 'support', 'activity-steps.mjs');
const POLL_MS = 20;

export interface WorkerProcessOptions {
  /** host:port of the Temporal server. */
  address: string;
  /** Its queue; embedFile has `{queue}-gpu`. */
  queue: string;
  /** File that says when attempts began and how they ended, shared by the workers of a test. */
  attempts: string;
  /** Workflows too, and as many activities at a time as usual; otherwise one. */
  workflows: boolean;
  /** The process stops itself (SIGSTOP) before this step of the first activity of this type; steps are told for `folder`. */
  stopAt?: { activity: string; step: number; folder: string };
}

/** A line of the attempts file. */
export interface NotedAttempt {
  event: 'begun' | 'completed' | 'failed';
  activity: string;
  /** Workflow id and activity id. */
  task: string;
  attempt: number;
  pid: number;
  /** Milliseconds since 1970. */
  at: number;
  /** Of the failure. */
  type?: string;
}

let made = 0;

/** A worker in a process of its own, with an embedder process. */
export class WorkerProcess {
  readonly pid: number;
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  readonly #mark: string;
  readonly #exited: Promise<void>;

  constructor({ stopAt, ...options }: WorkerProcessOptions) {
    this.#mark = `${options.attempts}#${process.pid}-${++made}`;
    const preload = stopAt === undefined ? [] : ['--import', STEPS];
    const { folder = '', ...armed } = stopAt ?? {};
    const argument = JSON.stringify({ ...options, ...(stopAt === undefined ? {} : { stopAt: armed }) });
    this.#child = spawn(process.execPath, [...preload, CHILD, argument], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
      env: { ...process.env, STEPS_FOLDER: folder, XDG_STATE_HOME: this.#mark },
    });
    this.pid = this.#child.pid!;
    this.#child.stdin?.on('error', () => {});
    this.ready = new Promise((resolve) => this.#child.stdout?.once('data', () => resolve()));
    this.#exited = new Promise((resolve) => this.#child.once('exit', () => resolve()));
  }

  /** SIGKILL for the worker and, if asked for, at the same moment for its embedder. */
  async kill(all: boolean): Promise<void> {
    const pids = all ? processesOf(this.#mark).map(({ pid }) => pid) : [this.pid];
    for (const pid of pids) signal(pid, 'SIGKILL');
    await this.#gone();
  }

  /** Resolves when it has stopped itself. */
  async stopped(): Promise<void> {
    while (!/^State:\s+T/mu.test(readFileSync(`/proc/${this.pid}/status`, 'utf8'))) await sleep(POLL_MS);
  }

  stop(): void {
    signal(this.pid, 'SIGSTOP');
  }

  continue(): void {
    signal(this.pid, 'SIGCONT');
  }

  /** Ends it in order, as SIGTERM would. */
  async close(): Promise<void> {
    this.continue();
    this.#child.stdin?.end();
    await this.#gone();
  }

  async #gone(): Promise<void> {
    await this.#exited;
    while (processesOf(this.#mark).length > 0) await sleep(POLL_MS);
  }
}

export function notedAttempts(file: string): NotedAttempt[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as NotedAttempt);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended by itself
  }
}
