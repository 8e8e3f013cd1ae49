import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { closeCheckpointThreads } from '../../../src/checkpoint/index.ts';
import type { FinishRunInput } from '../../../src/contract/activities.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { finishRun } from '../../../src/run/finish.ts';
import { recordSkipped } from '../../../src/run/skipped-sequences.ts';
import { storePlan, summarizePlan, type Plan, type TaskState } from '../../../src/run/plan.ts';
import { recordTaskFailure } from '../../../src/run/task-failures.ts';
import { planOf } from '../../support/plan.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { vectors, writePt } from '../../support/write-pt.ts';

afterAll(closeCheckpointThreads);

const LIVE = new AbortController().signal;
const IDENTITY = { workflowId: 'w', workflowRunId: 'r' };

/** A run folder with sound checkpoints of two rows for the stems that are named, and the end of a run over the states. */
async function ending(
  states: readonly TaskState[],
  present: readonly string[],
  more: Partial<FinishRunInput> = {},
  change: (plan: Plan) => void = () => {},
) {
  const directory = await temporaryFolder();
  const plan = planOf({ states, windows: 2 });
  change(plan);
  for (const stem of present) await writePt(join(directory, `${stem}_FAKE.pt`), vectors({ ids: ['x', 'y'], dim: 16 }));
  const input: FinishRunInput = {
    contract: 1,
    run: { directory, runId: plan.header.runId },
    plan: summarizePlan(await storePlan(directory, plan), plan),
    taskFailures: [],
    startedAt: new Date().toISOString(),
    ...more,
  };
  const finish = (mayWrite = true) => finishRun(input, IDENTITY, { mayWrite, signal: LIVE });
  const report = () => JSON.parse(readFileSync(join(directory, 'report.json'), 'utf8')) as Record<string, unknown>;
  return { directory, input, finish, report };
}

describe('finishRun', () => {
  it('everything is there → success, rows counted', async () => {
    const { finish, report } = await ending(['pending', 'found'], ['a', 'b']);
    expect(await finish()).toMatchObject({ outcome: 'success', exitCode: 0, found: 1, embedded: 1, rows: 4 });
    expect(report()).toMatchObject({
      outcome: 'success',
      ...IDENTITY,
      validation: 'structure',
      planned: expect.any(String),
    });
  });

  it('a folder that cannot be written → the outcome all the same, saying why there is no report', async () => {
    const { directory, input } = await ending([], []);
    writeFileSync(join(directory, 'file'), '');
    const { plan: _, ...early } = { ...input, run: { ...input.run, directory: join(directory, 'file', 'run') } };
    const failure = { type: FailureType.RunInvalidInput, message: 'no input' };
    const outcome = await finishRun({ ...early, failure }, IDENTITY, { mayWrite: true, signal: LIVE });
    expect(outcome).toMatchObject({ outcome: 'failed', exitCode: 1, report: '' });
    expect(outcome.message).toMatch(/^no input \(no report: ENOTDIR/);
  });

  it('a checkpoint has gone since → counted from disk: partial, not success', async () => {
    const { directory, finish } = await ending(['found', 'found'], ['a']);
    expect(await finish()).toMatchObject({ outcome: 'partial', exitCode: 2, found: 1, failed: 1 });
    expect(readFileSync(join(directory, 'failed_files.txt'), 'utf8')).toBe(
      '/in/b.fa|fake|no complete checkpoint on disk\n',
    );
  });

  it('a checkpoint with too few rows → not counted as embedded', async () => {
    const { directory, finish } = await ending(['pending'], []);
    await writePt(join(directory, 'a_FAKE.pt'), vectors({ ids: ['x'], dim: 16 }));
    expect(await finish()).toMatchObject({ outcome: 'partial', embedded: 0, failed: 1 });
  });

  it('bad by its ids when planned, though sound in itself → checkpoint, never success', async () => {
    const { finish } = await ending(['found', 'bad'], ['a', 'b'], {}, (plan) => {
      Object.assign(plan.tasks[1]!, { reason: 'incompatible', detail: 'incompatible: ids do not match b.fa: …' });
    });
    expect(await finish()).toMatchObject({
      outcome: 'checkpoint',
      exitCode: 3,
      failureType: FailureType.CheckpointIncompatible,
      found: 1,
      embedded: 0,
      failed: 1,
      offenders: [{ path: 'b_FAKE.pt', reason: 'incompatible: ids do not match b.fa: …' }],
    });
  });

  describe('checkpoints that do without some sequences', () => {
    const skipped = [
      { row: 0, id: 'v|w', reason: 'fails\nalone' },
      { row: 2, id: 'z', reason: 'NaN' },
    ];
    const fourOfB = (plan: Plan) => {
      for (const task of plan.tasks) task.part.count = task.input === 'b.fa' ? 4 : 2;
    };

    it.each(['pending', 'found'] as const)('%s, on record → partial, each one listed', async (state) => {
      const { directory, finish, report } = await ending(['found', state], ['a', 'b'], {}, fourOfB);
      await recordSkipped(directory, 'b_FAKE.pt', ['x', 'y'], skipped);
      expect(await finish()).toMatchObject({
        outcome: 'partial',
        exitCode: 2,
        failed: 0,
        skipped: 0,
        skippedSequences: 2,
        rows: 4,
        message: expect.stringMatching(/0 skipped, 2 sequences skipped; see failed_sequences.txt and report.json$/u),
        offenders: [{ path: 'b_FAKE.pt', reason: '2 of 4 sequences skipped: "v|w", "z"' }],
      });
      expect(readFileSync(join(directory, 'failed_sequences.txt'), 'utf8')).toBe(
        '/in/b.fa|fake|v%7Cw|fails%0Aalone\n/in/b.fa|fake|z|NaN\n',
      );
      expect(existsSync(join(directory, 'failed_files.txt'))).toBe(false);
      const result = state === 'found' ? 'found' : 'embedded';
      expect(report()).toMatchObject({
        skippedSequences: 2,
        checkpoints: [
          { path: 'a_FAKE.pt', rows: 2 },
          { path: 'b_FAKE.pt', result, rows: 2, skippedSequences: 2 },
        ],
      });
    });

    it('content is believed → counted all the same', async () => {
      const { directory, finish } = await ending(['found', 'pending'], ['a', 'b'], {}, (plan) => {
        plan.header.skipCheckpointValidation = true;
        fourOfB(plan);
      });
      await recordSkipped(directory, 'b_FAKE.pt', ['x', 'y'], skipped);
      expect(await finish()).toMatchObject({ outcome: 'partial', skippedSequences: 2, rows: 4 });
    });

    it('not on record, or fewer are → not counted as embedded', async () => {
      const { directory, finish } = await ending(['found', 'pending'], ['a', 'b'], {}, fourOfB);
      const missing = { outcome: 'partial', embedded: 0, failed: 1, skippedSequences: 0 };
      expect(await finish()).toMatchObject(missing);
      await recordSkipped(directory, 'b_FAKE.pt', ['x', 'y'], skipped.slice(1));
      expect(await finish()).toMatchObject(missing);
    });

    it('a whole checkpoint with a record of an earlier one → success; an old failed_sequences.txt is removed', async () => {
      const { directory, finish } = await ending(['found'], ['a']);
      await recordSkipped(directory, 'a_FAKE.pt', ['x'], skipped.slice(1));
      writeFileSync(join(directory, 'failed_sequences.txt'), 'of the last run\n');
      expect(await finish()).toMatchObject({ outcome: 'success', skippedSequences: 0, rows: 2 });
      expect(existsSync(join(directory, 'failed_sequences.txt'))).toBe(false);
    });
  });

  it('corrupted and incompatible ones → Corrupted', async () => {
    const { finish } = await ending(['bad', 'bad'], [], {}, (plan) => {
      Object.assign(plan.tasks[0]!, { reason: 'incompatible', detail: 'incompatible: x' });
      Object.assign(plan.tasks[1]!, { reason: 'corrupted', detail: 'corrupted: y' });
    });
    expect(await finish()).toMatchObject({ failureType: FailureType.CheckpointCorrupted, failed: 2 });
  });

  it('skipped ones → partial, their rows not counted, no line in failed_files.txt', async () => {
    const { directory, finish } = await ending(['found', 'skipped'], ['a', 'b']);
    expect(await finish()).toMatchObject({ outcome: 'partial', skipped: 1, rows: 2 });
    expect(existsSync(join(directory, 'failed_files.txt'))).toBe(false);
  });

  it('content is believed → what is present counts, the report says so', async () => {
    const { finish, report } = await ending(['found'], ['a'], {}, (plan) => {
      plan.header.skipCheckpointValidation = true;
    });
    expect(await finish()).toMatchObject({ outcome: 'success', found: 1, rows: 2 });
    expect(report()).toMatchObject({ validation: 'skipped' });
  });

  it('reasons: what the activity wrote down comes before what the workflow knows', async () => {
    const taskFailures = [
      { index: 0, reason: 'short' },
      { index: 1, reason: 'only here' },
    ];
    const { directory, input, finish } = await ending(['pending', 'pending'], [], { taskFailures });
    await recordTaskFailure(directory, input.plan!.plan, 0, 'the whole | story\nin two lines');
    await finish();
    expect(readFileSync(join(directory, 'failed_files.txt'), 'utf8')).toBe(
      '/in/a.fa|fake|the whole %7C story%0Ain two lines\n/in/b.fa|fake|only here\n',
    );
  });

  it('a run without holes after one with → failed_files.txt is gone', async () => {
    const { directory, finish } = await ending(['found'], ['a']);
    writeFileSync(join(directory, 'failed_files.txt'), 'old\n');
    await finish();
    expect(existsSync(join(directory, 'failed_files.txt'))).toBe(false);
  });

  it('cancelled → tasks that were not tried are no failures', async () => {
    const { finish, report } = await ending(['pending', 'found'], ['b'], { cancelled: true });
    expect(await finish()).toMatchObject({ outcome: 'cancelled', exitCode: 130, tasks: 2, found: 1, failed: 0 });
    expect(report()).toMatchObject({ outcome: 'cancelled' });
  });

  it('ended before there was a plan → the failure, and a report', async () => {
    const { directory, finish, report, input } = await ending([], []);
    delete input.plan;
    input.failure = {
      type: FailureType.RunInvalidInput,
      message: 'm'.repeat(600),
      offenders: [{ path: 'p', reason: 'r' }],
    };
    const outcome = await finish();
    expect(outcome).toMatchObject({
      outcome: 'failed',
      exitCode: 1,
      tasks: 0,
      offenders: [{ path: 'p', reason: 'r' }],
    });
    expect(outcome.message).toHaveLength(512);
    expect(report()).toMatchObject({ error: { message: 'm'.repeat(600) } });
    expect(existsSync(join(directory, 'failed_files.txt'))).toBe(false);
  });

  it('the folder belongs to another run → nothing is written', async () => {
    const { directory, finish } = await ending(['pending'], []);
    mkdirSync(join(directory, 'sub'));
    expect(await finish(false)).toMatchObject({ outcome: 'partial', report: '' });
    expect(existsSync(join(directory, 'report.json'))).toBe(false);
    expect(existsSync(join(directory, 'failed_files.txt'))).toBe(false);
  });
});
