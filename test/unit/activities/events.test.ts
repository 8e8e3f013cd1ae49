import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createActivities } from '../../../src/activities/create-activities.ts';
import { closeCheckpointThreads } from '../../../src/checkpoint/index.ts';
import type { CheckCompatibilityResult, EmbedFileResult, TaskInput } from '../../../src/contract/activities.ts';
import type { PlanSummary } from '../../../src/contract/run-request.ts';
import { ResidentEmbedders } from '../../../src/embedders/index.ts';
import { asActivity, type AttemptOptions } from '../../support/activity-context.ts';
import { RecordingObserver } from '../../support/recording-observer.ts';
import { makeInputs } from '../../support/run-folder.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const ROWS = 40;
const BATCH = 16;

const embedders = new ResidentEmbedders(() => {});
afterAll(async () => {
  await embedders.stopAll();
  await closeCheckpointThreads();
});

/** One file of 40 records, and the activities of its run, step by step. */
class ObservedRun {
  readonly observer = new RecordingObserver();
  readonly directory: string;
  readonly #folder: string;
  readonly #activities = createActivities({
    embedders,
    server: { address: 'localhost:7233', namespace: 'default' },
    observers: [this.observer],
  });

  private constructor(folder: string) {
    this.#folder = folder;
    this.directory = join(folder, 'out');
  }

  static async make(): Promise<ObservedRun> {
    const run = new ObservedRun(await temporaryFolder());
    makeInputs(run.#folder, 1, ROWS);
    return run;
  }

  async plan(options: Record<string, string> = {}): Promise<{ checked: CheckCompatibilityResult; plan: PlanSummary }> {
    const request = {
      contract: 1,
      directory: this.directory,
      inputs: [join(this.#folder, 'in')],
      embedders: [{ name: 'fake', options }],
      batchSize: BATCH,
    };
    const checked = await asActivity(() => this.#activities.checkCompatibility({ contract: 1, request }));
    const { run, requestDigest } = checked;
    return { checked, plan: await asActivity(() => this.#activities.planRun({ contract: 1, run, requestDigest })) };
  }

  /** @returns the one task of the run */
  async task(options?: Record<string, string>): Promise<TaskInput> {
    const { checked, plan } = await this.plan(options);
    return { contract: 1, run: checked.run, plan: plan.plan, index: 0 };
  }

  embed(task: TaskInput, options?: AttemptOptions): Promise<EmbedFileResult> {
    return asActivity(() => this.#activities.embedFile(task), options);
  }

  async save(task: TaskInput, rows: EmbedFileResult): Promise<void> {
    await asActivity(() => this.#activities.saveCheckpoint({ ...task, rows }));
  }

  async validate(path: string): Promise<unknown> {
    const input = { contract: 1, path, level: 'deep' } as const;
    return asActivity(() => this.#activities.validateCheckpoint(input)).catch((error: unknown) => error);
  }

  async finish(task: TaskInput, plan: PlanSummary): Promise<void> {
    const startedAt = new Date().toISOString();
    await asActivity(() =>
      this.#activities.finishRun({ contract: 1, run: task.run, plan, taskFailures: [], startedAt }),
    );
  }

  /** Forgets what was observed so far. */
  forget(): void {
    this.observer.events.length = 0;
  }
}

describe('events of the activities', () => {
  it('a run of one file → each activity tells what it did, every row once', async () => {
    const run = await ObservedRun.make();
    const { checked, plan } = await run.plan();
    const task: TaskInput = { contract: 1, run: checked.run, plan: plan.plan, index: 0 };
    expect(run.observer.of('run-planned')).toMatchObject([{ total: 1, found: 0, pending: 1, skipped: 0, bad: 0 }]);
    run.forget();
    const rows = await run.embed(task);
    const batch = ['batch-embedded', 'rows-durable'];
    const opened = ['attempt-begun', 'task-opened', 'embedder-ready'];
    expect(run.observer.types).toEqual([...opened, ...batch, ...batch, ...batch, 'attempt-ended']);
    expect(run.observer.of('batch-embedded').map(({ rows: count, letters }) => [count, letters])).toEqual([
      [BATCH, 60 * BATCH],
      [BATCH, 60 * BATCH],
      [8, 60 * 8],
    ]);
    expect(run.observer.of('rows-durable').map(({ durableRows }) => durableRows)).toEqual([16, 32, 40]);
    const spooled = run.observer.of('rows-durable').reduce((sum, { bytes }) => sum + bytes, 0);
    expect(spooled).toBe(rows.segments[0]?.bytes);
    const [ended] = run.observer.of('attempt-ended');
    expect(ended?.result).toBe('embedded');
    expect(ended?.attempt.task).toEqual({
      plan: plan.plan,
      index: 0,
      checkpoint: 's00_FAKE.pt',
      input: expect.stringMatching(/in\/s00\.fa$/u),
      embedder: 'fake',
      rows: ROWS,
    });
    run.forget();
    await run.save(task, rows);
    expect(run.observer.of('checkpoint-saved')).toMatchObject([
      { outcome: 'published', path: 's00_FAKE.pt', rows: 40 },
    ]);
    run.forget();
    await run.finish(task, plan);
    expect(run.observer.of('checkpoint-validated')).toMatchObject([{ level: 'structure', result: 'valid' }]);
    expect(run.observer.of('run-finished')).toMatchObject([{ outcome: 'success', embedded: 1, rows: ROWS }]);
    run.forget();
    expect((await run.embed(task)).segments).toEqual([]);
    expect(run.observer.of('attempt-ended')).toMatchObject([{ result: 'found' }]);
    run.forget();
    expect((await run.plan()).plan.found).toBe(1);
    expect(run.observer.of('checkpoint-validated')).toMatchObject([{ level: 'structure', result: 'valid' }]);
  });

  it('memory for half a batch → the batch is told to be halved, and no row to be computed again', async () => {
    const run = await ObservedRun.make();
    await run.embed(await run.task({ oomAbove: '8' }));
    expect(run.observer.of('batch-halved').map(({ rows }) => rows)).toEqual([16]);
    expect(run.observer.of('batch-embedded').map(({ rows }) => rows)).toEqual([8, 8, 8, 8, 8]);
    expect(run.observer.of('rows-recomputed')).toEqual([]);
  });

  it('the embedder dies in its second batch → the rows of that batch are told to be computed again', async () => {
    const run = await ObservedRun.make();
    await run.embed(await run.task({ crashAt: '20' }));
    expect(run.observer.of('rows-recomputed')).toMatchObject([{ cause: 'retried', rows: BATCH }]);
    expect(run.observer.of('rows-durable').map(({ rows }) => rows)).toEqual([16, 16, 8]);
  });

  it('an attempt is told to stop after its first batch → the next one tells what may be computed again', async () => {
    const run = await ObservedRun.make();
    const task = await run.task({ delayMs: '5' });
    const cancellation = new AbortController();
    const observed = run.observer.observe.bind(run.observer);
    run.observer.observe = (event) => {
      observed(event);
      if (event.type === 'rows-durable') cancellation.abort(new Error('stopped'));
    };
    await expect(run.embed(task, { cancellation })).rejects.toThrow('stopped');
    expect(run.observer.of('attempt-ended').at(-1)?.result).toBe('failed');
    run.forget();
    await run.embed(task, { info: { attempt: 2 } });
    expect(run.observer.of('task-opened')).toMatchObject([{ epoch: 2, durableRows: BATCH }]);
    expect(run.observer.of('rows-recomputed')).toMatchObject([{ cause: 'resumed', rows: BATCH }]);
    expect(run.observer.of('rows-durable').map(({ durableRows }) => durableRows)).toEqual([32, 40]);
  });

  it('validateCheckpoint of a broken file → its class and code, and the attempt has failed with its type', async () => {
    const run = await ObservedRun.make();
    const path = join(await temporaryFolder(), 'a_FAKE.pt');
    writeFileSync(path, 'no checkpoint');
    await run.validate(path);
    const verdict = { path, level: 'deep', result: 'corrupted', code: 'NOT_A_ZIP' };
    expect(run.observer.of('checkpoint-validated')).toMatchObject([verdict]);
    expect(run.observer.of('attempt-ended')).toMatchObject([
      { result: 'failed', failureType: 'CheckpointError.Corrupted' },
    ]);
  });
});
