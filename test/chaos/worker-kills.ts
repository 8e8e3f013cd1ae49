import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { startRun, type RunHandle } from '../../src/client/index.ts';
import { Random } from '../fuzz/random.ts';
import { checkpointNames, leftovers, logLines, makeInputs } from '../support/run-folder.ts';
import { notedAttempts, WorkerProcess } from '../support/worker-process.ts';
import { acknowledgedRows } from './acknowledged-rows.ts';
import { Tally } from './tally.ts';

const FILES = 12;
const RECORDS = 64;
const BATCH = 8;
const ROWS = FILES * RECORDS;
/** About 2.5 s a file. */
const DELAY_MS = 40;
const HEARTBEAT_TIMEOUT_MS = 1000;
/** Of the retry policy of activities: doubled with every attempt up to a minute. */
const FIRST_BACKOFF_MS = 1000;
const LONGEST_BACKOFF_MS = 60_000;
/** A busy machine needs a while to start the worker that takes a task over, and the server looks at its timers in turn. */
const SLACK_MS = 15_000;
/** Rows that are embedded between two kills, at most: runs are killed while they work, not while workers start. */
const MOST_ROWS_BETWEEN = ROWS / 6;
/** One kill in so many does not wait for rows: it hits what comes before and between them, such as planning. */
const IMPATIENT = 8;
const WORKERS = 2;
const POLL_MS = 20;

export interface WorkerKillOptions {
  /** At least; a run that has begun is brought to its end. */
  kills: number;
  seed: number;
  client: Client;
  /** host:port */
  address: string;
}

/** What {@link killWorkers} saw. */
export class WorkerTally extends Tally {
  runs = 0;
  /** Longest time from a kill to the next attempt of an activity, beyond heartbeat timeout and backoff. */
  latestResumeMs = 0;

  override toString(): string {
    const late = (this.latestResumeMs / 1000).toFixed(1);
    return `${super.toString()}\n  ${this.runs} runs; activities began again at most ${late} s after heartbeat timeout and backoff`;
  }
}

/**
 * Kills workers of runs on a Temporal server, each with all its tasks, at random times, and starts others in their place,
 * until `kills` are reached; then compares with a run that nothing interrupts.
 */
export async function killWorkers(options: WorkerKillOptions): Promise<WorkerTally> {
  const tally = new WorkerTally('workers through Temporal', options.seed);
  const folder = mkdtempSync(join(tmpdir(), 'virnucpro-worker-kills-'));
  try {
    const whole = new KilledRun(join(folder, 'whole'), options, tally);
    await whole.run(0);
    for (let number = 1; tally.kills < options.kills; number++) {
      const run = new KilledRun(join(folder, String(number)), options, tally);
      await run.run(number);
      run.compare(whole);
      tally.runs += 1;
      tally.tasks += FILES;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
  return tally;
}

/** What was known to be durable at a kill, and how long the embedder's log was then. */
interface Snapshot {
  acknowledged: Map<string, number>;
  lines: number;
}

/** One run whose workers are killed. */
class KilledRun {
  readonly #folder: string;
  readonly #options: WorkerKillOptions;
  readonly #tally: WorkerTally;
  readonly #snapshots: Snapshot[] = [];
  /** By process id. */
  readonly #killedAt = new Map<number, number>();
  #queue = '';

  constructor(folder: string, options: WorkerKillOptions, tally: WorkerTally) {
    this.#folder = folder;
    this.#options = options;
    this.#tally = tally;
  }

  get #out(): string {
    return join(this.#folder, 'out');
  }

  get #log(): string {
    return join(this.#folder, 'fake.log');
  }

  get #attempts(): string {
    return join(this.#folder, 'attempts.jsonl');
  }

  /** @param number 0: nothing is killed */
  async run(number: number): Promise<void> {
    mkdirSync(this.#folder);
    this.#queue = `kills-${this.#options.seed}-${number}`;
    const run = await this.#start(number === 0 ? 0 : DELAY_MS);
    const workers = Array.from({ length: WORKERS }, () => this.#worker());
    try {
      const outcome = run.result();
      if (number > 0) await this.#killSome(workers, run.workflowId, outcome, new Random(this.#options.seed, number));
      const { outcome: how, rows } = await outcome;
      if (how !== 'success' || rows !== ROWS) this.#tally.violation(`run ${number}: ${how} with ${rows} rows`);
    } finally {
      await Promise.all(workers.map((worker) => worker.close()));
    }
  }

  /** Kills workers while the run is under way, and puts others in their place. */
  async #killSome(
    workers: WorkerProcess[],
    workflowId: string,
    outcome: Promise<unknown>,
    random: Random,
  ): Promise<void> {
    let isOver = false;
    const over = () => (isOver = true);
    outcome.then(over, over);
    const mayKill = () => !isOver && this.#tally.kills < this.#options.kills;
    while (mayKill()) {
      const victim = random.below(workers.length);
      const rows = random.below(IMPATIENT) === 0 ? 0 : 1 + random.below(MOST_ROWS_BETWEEN);
      await workers[victim]!.ready;
      const until = logLines(this.#log).length + rows;
      while (mayKill() && logLines(this.#log).length < until) await sleep(POLL_MS);
      if (!mayKill()) return;
      await this.#kill(workers[victim]!, random.chance(0.5), workflowId);
      workers[victim] = this.#worker();
    }
  }

  #start(delayMs: number): Promise<RunHandle> {
    const options = { log: this.#log, delayMs: String(delayMs) };
    return startRun(
      this.#options.client,
      {
        directory: this.#out,
        inputs: [makeInputs(this.#folder, FILES, RECORDS)],
        embedders: [{ name: 'fake', options, taskQueue: `${this.#queue}-gpu` }],
        batchSize: BATCH,
        tuning: { heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS },
      },
      { taskQueue: this.#queue },
    );
  }

  #worker(): WorkerProcess {
    const { address } = this.#options;
    return new WorkerProcess({ address, queue: this.#queue, attempts: this.#attempts, workflows: true });
  }

  async #kill(worker: WorkerProcess, all: boolean, workflowId: string): Promise<void> {
    const acknowledged = await acknowledgedRows(this.#options.client, workflowId);
    this.#snapshots.push({ acknowledged, lines: logLines(this.#log).length });
    await worker.kill(all);
    this.#killedAt.set(worker.pid, Date.now());
    this.#tally.kills += 1;
    for (const rows of acknowledged.values()) this.#tally.acknowledged += rows;
  }

  compare(whole: KilledRun): void {
    const expected = whole.#checkpoints();
    const found = this.#checkpoints();
    for (const [name, sha256] of Object.entries(expected)) {
      if (found[name] !== sha256) this.#tally.violation(`${name}: other than of an uninterrupted run`);
    }
    const extra = Object.keys(found).length - FILES;
    this.#tally.duplicated += Math.max(0, extra) * RECORDS;
    if (extra !== 0) this.#tally.violation(`${Object.keys(found).length} checkpoints of ${FILES} files`);
    const left = leftovers(this.#out);
    if (left.length > 0) this.#tally.violation(`left behind: ${left.join(', ')}`);
    this.#checkRows();
    this.#checkResumes();
  }

  #checkpoints(): Record<string, string> {
    const digest = (name: string) =>
      createHash('sha256')
        .update(readFileSync(join(this.#out, name)))
        .digest('hex');
    return Object.fromEntries(checkpointNames(this.#out).map((name) => [name, digest(name)]));
  }

  #checkRows(): void {
    const lines = logLines(this.#log).map((line) => {
      const [file = '', ordinal = ''] = line.split('\t');
      return { checkpoint: `${basename(file, '.fa')}_FAKE.pt`, ordinal: Number(ordinal) };
    });
    for (const { acknowledged, lines: start } of this.#snapshots) {
      const again = lines.slice(start).filter((row) => row.ordinal < (acknowledged.get(row.checkpoint) ?? 0));
      this.#tally.lost += again.length;
      if (again.length > 0) this.#tally.violation(`acknowledged rows embedded again: ${JSON.stringify(again)}`);
    }
    const recomputed = lines.length - ROWS;
    const begun = notedAttempts(this.#attempts).filter(
      ({ event, activity }) => event === 'begun' && activity === 'embedFile',
    );
    const lostAttempts = begun.length - FILES;
    const most = Math.max(...begun.map(({ attempt }) => attempt));
    this.#tally.deepest = Math.max(this.#tally.deepest, most - 1);
    this.#tally.recomputed += recomputed;
    if (recomputed > lostAttempts * BATCH) {
      this.#tally.violation(`${recomputed} rows recomputed by ${lostAttempts} more attempts`);
    }
  }

  /**
   * Attempts of killed workers go on with another when the heartbeat is overdue and the backoff is over. The server may give
   * an attempt to the poll of a worker that has just been killed: it begins nowhere, and is over in the same way.
   */
  #checkResumes(): void {
    const attempts = notedAttempts(this.#attempts);
    for (const { task, attempt, pid } of attempts.filter(({ event }) => event === 'begun')) {
      const killedAt = this.#killedAt.get(pid);
      const ended = attempts.some((one) => one.task === task && one.attempt === attempt && one.event !== 'begun');
      const next = attempts.find((one) => one.task === task && one.attempt > attempt && one.event === 'begun');
      if (killedAt === undefined || ended || next === undefined) continue;
      let due = killedAt;
      for (let lost = attempt; lost < next.attempt; lost++) {
        due += HEARTBEAT_TIMEOUT_MS + Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (lost - 1));
      }
      const late = next.at - due;
      this.#tally.latestResumeMs = Math.max(this.#tally.latestResumeMs, late);
      if (late > SLACK_MS) this.#tally.violation(`attempt ${next.attempt} of ${task} began ${late} ms late`);
    }
  }
}
