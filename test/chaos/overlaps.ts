import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EmbedFileResult } from '../../src/contract/activities.ts';
import { FailureType } from '../../src/contract/failure-types.ts';
import { Random } from '../fuzz/random.ts';
import { ActivityProcess, type ActivityEnd, type ActivityRequest } from '../support/activity-process.ts';
import { checkpointNames, leftovers } from '../support/run-folder.ts';
import { namesOf, prepareRun, runFolder, type ActivityRun } from './activity-run.ts';
import type { StepCounts } from './kill-plans.ts';
import { MOST_FILES, uninterrupted, type Uninterrupted } from './uninterrupted.ts';

const POLL_MS = 5;

/** What came of pairs of attempts of one activity of which one was stopped while the other took its task over. */
export class OverlapTally {
  readonly seed: number;
  pairs = 0;
  /** Attempts that ended with `RunError.StaleAttempt` after they woke up. */
  stale = 0;
  /** Attempts that woke up with nothing left to do but to say that they are done, which a server refuses. */
  done = 0;
  readonly violations: string[] = [];

  constructor(seed: number) {
    this.seed = seed;
  }

  toString(): string {
    const lines = [
      `overlapped attempts: seed ${this.seed}, ${this.pairs} pairs, each with one checkpoint; the one that was stopped ended as stale ${this.stale} times, having nothing left to do ${this.done} times`,
      ...this.violations.map((text) => `  VIOLATION: ${text}`),
    ];
    return lines.join('\n');
  }
}

/** How two attempts of one task overlap. */
interface Overlap {
  activity: keyof StepCounts;
  /** Step before which the first one is stopped. */
  stopAt: number;
  /** The first one is told that it has timed out, as the SDK does at some time. */
  isTold: boolean;
  /** Step of saveCheckpoint at which the other one is stopped while the first one goes on; undefined: it ends before. */
  otherStopAt: number | undefined;
}

/**
 * Overlaps attempts of the activities: one process is stopped (SIGSTOP) at each of its steps, another does its task, and the
 * first one goes on (SIGCONT) while the other saves the checkpoint, or after the end.
 */
export async function overlapAttempts(options: { pairs: number; seed: number }): Promise<OverlapTally> {
  const tally = new OverlapTally(options.seed);
  const folder = mkdtempSync(join(tmpdir(), 'virnucpro-overlaps-'));
  try {
    const whole = await uninterrupted(join(folder, 'whole'));
    while (tally.pairs < options.pairs) {
      await overlapRound(join(folder, String(tally.pairs)), options.pairs, whole, tally);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
  return tally;
}

async function overlapRound(folder: string, pairs: number, whole: Uninterrupted, tally: OverlapTally): Promise<void> {
  mkdirSync(folder);
  const [first, other] = [new ActivityProcess(runFolder(folder)), new ActivityProcess(runFolder(folder))];
  try {
    const run = await prepareRun(folder, MOST_FILES, other);
    for (let index = 0; index < run.files && tally.pairs < pairs; index++) {
      const overlap = overlapOf(tally.pairs, tally.seed, whole.steps);
      tally.pairs += 1;
      await new OverlappedTask(run, index, { first, other }, tally).run(overlap);
      checkTask(run, index, whole, `pair ${tally.pairs} ${JSON.stringify(overlap)}`, tally);
    }
  } finally {
    await Promise.all([first.close(), other.close()]);
  }
}

/** Every step once, then steps at random. */
function overlapOf(pair: number, seed: number, steps: StepCounts): Overlap {
  const random = new Random(seed, pair);
  const all = steps.embedFile + steps.saveCheckpoint;
  const step = pair < all ? pair : random.below(all);
  const isEmbedding = step < steps.embedFile;
  return {
    activity: isEmbedding ? 'embedFile' : 'saveCheckpoint',
    stopAt: 1 + (isEmbedding ? step : step - steps.embedFile),
    isTold: random.chance(0.5),
    otherStopAt: random.chance(0.5) ? 1 + random.below(steps.saveCheckpoint) : undefined,
  };
}

/** One task of two attempts. */
class OverlappedTask {
  readonly #run: ActivityRun;
  readonly #index: number;
  readonly #first: ActivityProcess;
  readonly #other: ActivityProcess;
  readonly #tally: OverlapTally;

  constructor(
    run: ActivityRun,
    index: number,
    { first, other }: { first: ActivityProcess; other: ActivityProcess },
    tally: OverlapTally,
  ) {
    this.#run = run;
    this.#index = index;
    this.#first = first;
    this.#other = other;
    this.#tally = tally;
  }

  async run({ activity, stopAt, isTold, otherStopAt }: Overlap): Promise<void> {
    const embedding = { activity: 'embedFile', input: this.#run.task(this.#index) };
    let rows: EmbedFileResult | undefined;
    if (activity === 'saveCheckpoint') rows = (await this.#first.must(embedding)) as EmbedFileResult;
    const request = rows === undefined ? embedding : this.#saving(rows);
    const stopped = await stopAtStep(this.#first, request, stopAt);
    rows ??= (await this.#other.must({ ...embedding, attempt: 2 })) as EmbedFileResult;
    const saving = await stopAtStep(this.#other, this.#saving(rows), otherStopAt);
    if (isTold) this.#first.abort('TIMED_OUT');
    this.#first.continue();
    this.#judgeFirst(await stopped.end);
    this.#other.continue();
    await this.#judgeOther(await saving.end, rows);
  }

  #saving(rows: EmbedFileResult): ActivityRequest {
    return { activity: 'saveCheckpoint', input: this.#run.saving(this.#index, rows) };
  }

  #judgeFirst({ failure, result }: ActivityEnd): void {
    if (failure?.type === FailureType.RunStaleAttempt) this.#tally.stale += 1;
    else if (result !== undefined) this.#tally.done += 1;
    else this.#tally.violations.push(`pair ${this.#tally.pairs}: the first ended with ${JSON.stringify(failure)}`);
  }

  /** The attempt that the server waits for may find the checkpoint that the other one published: then its retry does. */
  async #judgeOther({ failure, result }: ActivityEnd, rows: EmbedFileResult): Promise<void> {
    if (result !== undefined) return;
    if (failure?.type === FailureType.RunStaleAttempt) await this.#other.must(this.#saving(rows));
    else this.#tally.violations.push(`pair ${this.#tally.pairs}: the other ended with ${JSON.stringify(failure)}`);
  }
}

/** Resolves when the process has stopped at the step, or the activity has ended before it came to it. */
async function stopAtStep(
  process: ActivityProcess,
  request: ActivityRequest,
  step: number | undefined,
): Promise<{ end: Promise<ActivityEnd> }> {
  let isOver = false;
  const steps = step === undefined ? {} : ({ at: step, action: 'stop' } as const);
  const end = process.run({ ...request, steps }).finally(() => (isOver = true));
  const isUnderWay = () => !isOver && !process.isStopped;
  while (isUnderWay()) await sleep(POLL_MS);
  return { end };
}

function checkTask(run: ActivityRun, index: number, whole: Uninterrupted, pair: string, tally: OverlapTally): void {
  const { checkpoint } = namesOf(index);
  const file = join(run.out, checkpoint);
  const sha256 = existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : 'no file';
  if (sha256 !== whole.sha256[index]) tally.violations.push(`${pair}: ${checkpoint} is ${sha256}`);
  if (checkpointNames(run.out).length !== index + 1) {
    tally.violations.push(`${pair}: ${checkpointNames(run.out).length} checkpoints of ${index + 1} files`);
  }
  const left = leftovers(run.out);
  if (left.length > 0) tally.violations.push(`${pair}: left behind: ${left.join(', ')}`);
}
