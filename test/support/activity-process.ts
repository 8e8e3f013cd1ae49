import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { processesOf } from './processes.ts';
import { REPOSITORY } from './repository.ts';

const CHILD = join(REPOSITORY, 'test', 'support', 'activity-process.mjs');
const STEPS = join(REPOSITORY, 'test', 'support', 'activity-steps.mjs');
/** Looking for processes is work: often enough not to wait, seldom enough not to keep a processor busy. */
const POLL_MS = 20;

/** What happens at a chosen step: the process kills itself, its embedder too or not, or stops itself. */
export type StepAction = 'kill' | 'kill-all' | 'stop';

/** Steps are the operations of one activity on the files of its task, counted from 1. */
export interface StepPlan {
  at?: number;
  action?: StepAction;
  /** Thousandths of a write that are carried out before a kill within it. */
  torn?: number;
  /** Every step is told. */
  trace?: boolean;
}

export interface ActivityRequest {
  activity: string;
  input: unknown;
  attempt?: number;
  steps?: StepPlan;
}

export interface ToldStep {
  step: number;
  /** `{thread}: {operation} {file}` */
  label: string;
}

/** How an activity ended; `ended: true`: the process did, before the activity. */
export interface ActivityEnd {
  result?: unknown;
  failure?: { type: string | null; message: string };
  ended?: true;
}

interface Told extends ActivityEnd {
  ready?: true;
  durable?: number;
  step?: number;
  label?: string;
}

let made = 0;

/** A process that runs activities without a server, with an embedder process of its own. */
export class ActivityProcess {
  readonly pid: number;
  /** Steps that were told since the activity began. */
  readonly steps: ToldStep[] = [];
  /** Rows that were acknowledged as durable since the activity began. */
  durable = 0;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #mark: string;
  readonly #closed: Promise<void>;
  #onEnd: ((end: ActivityEnd) => void) | undefined;
  #isClosed = false;
  #onReady: () => void = () => {};
  readonly ready: Promise<void>;

  /** @param folder the run folder: steps are operations on files in it */
  constructor(folder: string) {
    this.#mark = `${folder}#${process.pid}-${++made}`;
    this.#child = spawn(process.execPath, ['--import', STEPS, CHILD], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
      env: { ...process.env, STEPS_FOLDER: folder, XDG_STATE_HOME: this.#mark },
    });
    this.pid = this.#child.pid!;
    this.#child.stdin.on('error', () => {});
    this.ready = new Promise((resolve) => (this.#onReady = resolve));
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#hear(JSON.parse(line) as Told));
    this.#closed = new Promise((resolve) => {
      this.#child.once('close', () => {
        this.#isClosed = true;
        this.#onEnd?.({ ended: true });
        resolve();
      });
    });
  }

  #hear(told: Told): void {
    if (told.ready === true) this.#onReady();
    if (told.durable !== undefined) this.durable = told.durable;
    if (told.step !== undefined) this.steps.push({ step: told.step, label: told.label ?? '' });
    if (told.result !== undefined || told.failure !== undefined) this.#onEnd?.(told);
  }

  /** Runs an activity; resolves when it or the process has ended. */
  async run(request: ActivityRequest): Promise<ActivityEnd> {
    await this.ready;
    if (this.#isClosed) return { ended: true };
    this.steps.length = 0;
    this.durable = 0;
    const end = new Promise<ActivityEnd>((resolve) => (this.#onEnd = resolve));
    this.#send(request);
    return end;
  }

  /** @throws if the activity fails */
  async must(request: ActivityRequest): Promise<unknown> {
    const { result, failure } = await this.run(request);
    if (result === undefined) throw new Error(`${request.activity}: ${JSON.stringify(failure ?? 'the process ended')}`);
    return result;
  }

  /** Aborts the activity that is under way, as the SDK does: TIMED_OUT, RESET, NOT_FOUND, … */
  abort(reason: string): void {
    this.#send({ abort: reason });
  }

  #send(message: object): void {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  /** Whether a signal has stopped it. */
  get isStopped(): boolean {
    return /^State:\s+T/mu.test(readFileSync(`/proc/${this.pid}/status`, 'utf8'));
  }

  /** SIGKILL for the process and, if asked for, at the same moment for its embedder. */
  kill(all: boolean): void {
    const pids = all ? processesOf(this.#mark).map(({ pid }) => pid) : [this.pid];
    for (const pid of pids) signal(pid, 'SIGKILL');
  }

  continue(): void {
    signal(this.pid, 'SIGCONT');
  }

  /** Resolves when it has ended and its embedder too. */
  async gone(): Promise<void> {
    await this.#closed;
    while (processesOf(this.#mark).length > 0) await sleep(POLL_MS);
  }

  /** Ends it in order. */
  async close(): Promise<void> {
    this.continue();
    this.#child.stdin.end();
    await this.gone();
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended by itself
  }
}
