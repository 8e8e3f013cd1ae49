import * as path from 'node:path';
import { checkpointThreads } from '../checkpoint/pool.ts';
import type { CheckpointEntry, CheckpointExpectation } from '../checkpoint/types.ts';
import { FailureType } from '../contract/failure-types.ts';
import type { OnBadCheckpoint } from '../contract/run-request.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { deferred, type Deferred } from '../platform/deferred.ts';
import { isMissing } from './missing.ts';
import { validateObserved, type OnValidated } from './observed-validation.ts';
import type { TaskReason, TaskState } from './plan.ts';
import { idsWithout, skipRecordOf } from './skipped-sequences.ts';

/** What is to be done about one checkpoint of a plan. */
export interface Verdict {
  state: TaskState;
  reason?: TaskReason;
  detail?: string;
  /** Something is in the way of the new file. */
  inTheWay: boolean;
}

export interface JudgeOptions {
  onBadCheckpoint: OnBadCheckpoint;
  skipCheckpointValidation: boolean;
  signal: AbortSignal;
  onValidated?: OnValidated | undefined;
}

const STATE_OF_BAD: Readonly<Record<OnBadCheckpoint, TaskState>> = {
  fail: 'bad',
  skip: 'skipped',
  recompute: 'pending',
};

/** Handing a small checkpoint to a thread costs more than judging it, so those that wait for one go together. */
const MAX_BATCH = 64;
/** Ids that go to a thread at once: they are copied for it. */
const MAX_BATCH_IDS = 20_000;

interface Waiting {
  path: string;
  expect: CheckpointExpectation;
  entry: Deferred<CheckpointEntry>;
}

/** Judges the checkpoints that are there when a run is planned, each by what it should be. */
export class ExistingJudge {
  readonly #directory: string;
  readonly #options: JudgeOptions;
  readonly #waiting: Waiting[] = [];
  #busyThreads = 0;

  constructor(directory: string, options: JudgeOptions) {
    this.#directory = directory;
    this.#options = options;
  }

  /**
   * @param file relative to the run folder
   * @throws VirnucproError `CheckpointError.Unavailable` if nothing can be said of it, `RunError.InvalidInput` if it is no regular file
   */
  async judge(file: string, expect: CheckpointExpectation): Promise<Verdict> {
    const target = path.join(this.#directory, file);
    const entry = await this.#entryOf(target, expect);
    const kept = entry.code === 'IDS_MISMATCH' ? await this.#withoutSkipped(file, expect) : undefined;
    return this.#verdict(target, kept === undefined ? entry : await this.#entryOf(target, { ...expect, ids: kept }));
  }

  #entryOf(target: string, expect: CheckpointExpectation): Promise<CheckpointEntry> {
    const entry = deferred<CheckpointEntry>();
    this.#waiting.push({ path: target, expect, entry });
    this.#handOver();
    return entry.promise;
  }

  /** The ids that are to be expected of a checkpoint that is on record to do without some of them. */
  async #withoutSkipped(file: string, { ids = [] }: CheckpointExpectation): Promise<string[] | undefined> {
    const record = await skipRecordOf(this.#directory, file, this.#options.signal);
    return record && idsWithout(ids, record.skipped);
  }

  /** A free thread gets all that wait; while none is free, more come to wait. */
  #handOver(): void {
    if (this.#busyThreads >= checkpointThreads() || this.#waiting.length === 0) return;
    const batch = this.#takeBatch();
    this.#busyThreads++;
    void this.#validate(batch).finally(() => {
      this.#busyThreads--;
      this.#handOver();
    });
  }

  #takeBatch(): Waiting[] {
    let ids = 0;
    const beyond = this.#waiting.findIndex(({ expect }, at) => {
      ids += expect.ids?.length ?? 0;
      return at === MAX_BATCH || (at > 0 && ids > MAX_BATCH_IDS);
    });
    return this.#waiting.splice(0, beyond < 0 ? this.#waiting.length : beyond);
  }

  async #validate(batch: readonly Waiting[]): Promise<void> {
    const { skipCheckpointValidation: trustContent, signal, onValidated } = this.#options;
    const checks = batch.map(({ path: file, expect }) => ({ path: file, expect }));
    try {
      const entries = await validateObserved(checks, { level: 'structure', trustContent, signal }, onValidated);
      for (const [at, { entry }] of batch.entries()) entry.resolve(entries[at]!);
    } catch (error) {
      for (const { entry } of batch) entry.reject(error);
    }
  }

  #verdict(target: string, entry: CheckpointEntry): Verdict {
    if (entry.result === 'valid') {
      if (isComplete(entry)) return { state: 'found', inTheWay: false };
      return { state: 'pending', reason: 'in_progress', inTheWay: true };
    }
    if (isMissing(entry)) return { state: 'pending', reason: 'missing', inTheWay: false };
    if (entry.result === 'unavailable') throw undecided(target, entry);
    const detail = entry.reason ?? entry.result;
    return { state: STATE_OF_BAD[this.#options.onBadCheckpoint], reason: entry.result, detail, inTheWay: true };
  }
}

/** A 0.x file has no status: it is complete if it validates. */
export function isComplete(entry: CheckpointEntry): boolean {
  return entry.status !== 'in_progress';
}

function undecided(target: string, entry: CheckpointEntry): VirnucproError {
  const type = entry.code === 'NOT_A_FILE' ? FailureType.RunInvalidInput : FailureType.CheckpointUnavailable;
  return new VirnucproError(type, `${target}: ${entry.reason ?? 'unavailable'}`);
}
