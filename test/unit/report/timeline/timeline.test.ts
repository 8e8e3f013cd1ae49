import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ActivityEventBody, ObservedAttempt } from '../../../../src/contract/activity-events.ts';
import { checkpointDetails } from '../../../../src/report/details.ts';
import { forgetOldTimelines, readExecutions, recordExecution } from '../../../../src/report/timeline/executions.ts';
import { TimelineObserver } from '../../../../src/report/timeline/observer.ts';
import { timelineOfPlan } from '../../../../src/report/timeline/place.ts';
import { ofExecution, readTimeline } from '../../../../src/report/timeline/read.ts';
import { Slots } from '../../../../src/report/timeline/slots.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const PLAN = 'ab'.repeat(32);
const DIGEST = 'cd'.repeat(32);

/** A run folder, and a process that works for it. */
async function scene() {
  const directory = await temporaryFolder();
  mkdirSync(join(directory, '.virnucpro'));
  const messages: string[] = [];
  const observer = new TimelineObserver((message) => messages.push(message));
  const attemptOf = (index: number, attempt = 1, embedder = 'kmer', activity = 'embedFile'): ObservedAttempt => ({
    ...{ activity, activityId: String(index), attempt, taskQueue: 'q', workflowId: 'w', workflowRunId: 'r' },
    run: { directory, runId: 'run' },
    task: { plan: PLAN, index, checkpoint: `${index}_KMER.pt`, input: `/in/${index}.fa`, embedder, rows: 10 },
  });
  const tell = (at: number, attempt: ObservedAttempt, body: ActivityEventBody) =>
    observer.observe({ at, attempt, ...body });
  const begin = (at: number, attempt: ObservedAttempt) => {
    tell(at, attempt, { type: 'attempt-begun' });
    tell(at, attempt, { type: 'task-opened', epoch: 1, durableRows: 0 });
  };
  const end = (at: number, attempt: ObservedAttempt, result: 'embedded' | 'failed' = 'embedded', message?: string) =>
    tell(at, attempt, { type: 'attempt-ended', result, seconds: 1, ...(message === undefined ? {} : { message }) });
  const folder = timelineOfPlan(directory, PLAN);
  const read = async () => {
    await observer.flush();
    return readTimeline(folder);
  };
  return { directory, folder, observer, messages, attemptOf, tell, begin, end, read };
}

describe('the timeline of a run', () => {
  it('an attempt → its slot, times, rows and result', async () => {
    const { attemptOf, tell, begin, end, read } = await scene();
    const attempt = attemptOf(0);
    begin(1000, attempt);
    tell(1500, attempt, { type: 'embedder-ready', seconds: 0.4 });
    tell(1600, attempt, { type: 'rows-durable', rows: 4, bytes: 1, durableRows: 4 });
    tell(1700, attempt, { type: 'rows-durable', rows: 6, bytes: 1, durableRows: 10 });
    end(2000, attempt);
    const { attempts, rows, processes } = await read();
    expect(attempts).toEqual([
      {
        ...{ process: 0, task: '0_KMER.pt', embedder: 'kmer', slot: 0, attempt: 1, begin: 1000, end: 2000 },
        ...{ result: 'embedded', rows: 10, waited: 0.4 },
      },
    ]);
    expect(rows.reduce((sum, one) => sum + one.rows, 0)).toBe(10);
    expect(processes).toMatchObject([{ pid: process.pid, node: process.version, version: 1 }]);
  });

  it('what an embedder computes with → once, with its process', async () => {
    const { attemptOf, tell, begin, end, read } = await scene();
    const environment = { torch: '2.9.1', device: 'cpu' };
    for (const index of [0, 1]) {
      const attempt = attemptOf(index);
      begin(1000, attempt);
      tell(1001, attempt, { type: 'embedder-ready', seconds: 0, environment });
      end(1002, attempt);
    }
    const timeline = await read();
    expect(timeline.models).toEqual([
      { process: 0, model: { event: 'model', t: 1001, embedder: 'kmer', environment } },
    ]);
    expect(checkpointDetails(timeline, undefined).workers).toMatchObject([{ embedders: { kmer: environment } }]);
  });

  it('attempts at the same time → the lowest free slot of their embedder', async () => {
    const { attemptOf, begin, end, read } = await scene();
    const [a, b, c, other] = [attemptOf(0), attemptOf(1), attemptOf(2), attemptOf(3, 1, 'fake')];
    begin(1, a);
    begin(2, b);
    begin(3, other);
    end(4, a);
    begin(5, c);
    expect((await read()).attempts.map(({ slot }) => slot)).toEqual([0, 1, 0, 0]);
  });

  it('a process that dies → its attempt lasts until the next one of the task', async () => {
    const { directory, attemptOf, begin, read } = await scene();
    begin(1000, attemptOf(0));
    await read();
    const later = new TimelineObserver(() => {});
    const again = attemptOf(0, 2);
    later.observe({ type: 'task-opened', at: 9000, attempt: again, epoch: 2, durableRows: 0 });
    later.observe({ type: 'attempt-ended', at: 9500, attempt: again, result: 'embedded', seconds: 0.5 });
    await later.flush();
    expect(readTimeline(timelineOfPlan(directory, PLAN)).attempts).toMatchObject([
      { process: 0, attempt: 1, begin: 1000, end: 9000, result: 'lost' },
      { process: 1, attempt: 2, begin: 9000, end: 9500, result: 'embedded' },
    ]);
  });

  it('a process that dies and no other attempt → open until it was last heard of', async () => {
    const { attemptOf, begin, read } = await scene();
    begin(1000, attemptOf(0));
    begin(4000, attemptOf(1));
    expect((await read()).attempts).toMatchObject([
      { begin: 1000, end: 4000, result: 'lost' },
      { begin: 4000, end: 4000 },
    ]);
  });

  it('a checkpoint that was there before its spool was opened → found, without length', async () => {
    const { attemptOf, tell, read } = await scene();
    tell(5000, attemptOf(0), { type: 'attempt-ended', result: 'found', seconds: 0.5 });
    expect((await read()).attempts).toMatchObject([{ begin: 4500, end: 5000, result: 'found' }]);
  });

  it('other activities, and what belongs to no task → not told', async () => {
    const { folder, observer, attemptOf, tell } = await scene();
    const { task: _, ...planning } = attemptOf(0, 1, 'kmer', 'planRun');
    tell(1, planning, { type: 'attempt-begun' });
    tell(2, attemptOf(0, 1, 'kmer', 'saveCheckpoint'), { type: 'attempt-ended', result: 'completed', seconds: 1 });
    await observer.flush();
    expect(existsSync(folder)).toBe(false);
  });

  it('torn last line, foreign lines → passed over', async () => {
    const { folder, attemptOf, begin, end, read } = await scene();
    const attempt = attemptOf(0);
    begin(1000, attempt);
    end(2000, attempt, 'failed', 'x'.repeat(1000));
    await read();
    const [name = ''] = readdirSync(folder);
    appendFileSync(
      join(folder, name),
      '{"event":"new","t":1}\n[]\nnull\n{"event":"begin","t":"x"}\n{"event":"begin","t":1,"id":7',
    );
    const { attempts } = readTimeline(folder);
    expect(attempts).toMatchObject([{ result: 'failed', reason: 'x'.repeat(300) }]);
  });

  it('more than is read → whole lines of the beginning, and a note', async () => {
    const { folder, attemptOf, begin, end, read } = await scene();
    for (let index = 0; index < 50; index++) {
      begin(index * 10, attemptOf(index));
      end(index * 10 + 5, attemptOf(index));
    }
    await read();
    const { attempts, notes } = readTimeline(folder, { maxBytes: 2000 });
    expect(attempts.length).toBeGreaterThan(3);
    expect(attempts.length).toBeLessThan(50);
    expect(notes.join()).toContain('only the first');
    expect(readTimeline(folder, { maxFiles: 0 }).notes).toEqual(['timeline: 0 of 1 worker processes were read']);
  });

  it('a run folder that is gone → it does not come back, one message, no error', async () => {
    const { directory, messages, observer, attemptOf, begin } = await scene();
    rmSync(directory, { recursive: true });
    begin(1, attemptOf(0));
    await observer.flush();
    begin(2, attemptOf(1));
    await observer.flush();
    expect(existsSync(directory)).toBe(false);
    expect(messages).toEqual([expect.stringContaining('ENOENT')]);
  });

  it('storage that cannot be written → one message, no error', async () => {
    const { directory, messages, observer, attemptOf, begin } = await scene();
    writeFileSync(join(directory, '.virnucpro', 'timeline'), 'no folder');
    for (const index of [0, 1, 2]) {
      begin(index, attemptOf(index));
      await observer.flush();
    }
    expect(messages).toHaveLength(1);
  });

  it('an earlier run with the same plan → not part of this one', async () => {
    const { attemptOf, begin, end, read } = await scene();
    for (const at of [1_000_000, 5_000_000]) {
      const attempt = attemptOf(0);
      begin(at, attempt);
      end(at + 10, attempt);
    }
    expect(ofExecution(await read(), 4_990_000).attempts).toMatchObject([{ begin: 5_000_000 }]);
  });

  it('thousands of rows → a few lines', async () => {
    const { folder, attemptOf, tell, begin, end, read } = await scene();
    const attempt = attemptOf(0);
    begin(0, attempt);
    for (let at = 0; at < 7_200_000; at += 500)
      tell(at, attempt, { type: 'rows-durable', rows: 1, bytes: 1, durableRows: 1 });
    end(7_200_000, attempt);
    expect((await read()).rows.reduce((sum, { rows }) => sum + rows, 0)).toBe(14_400);
    const [name = ''] = readdirSync(folder);
    expect(readFileSync(join(folder, name), 'utf8').split('\n').length).toBeLessThan(2500);
  });
});

describe('what a timeline adds to report.json', () => {
  it('digests of this run before those of the last report; attempts and their time', async () => {
    const { attemptOf, tell, begin, end, read } = await scene();
    for (const [at, result] of [
      [1000, 'failed'],
      [3000, 'embedded'],
    ] as const) {
      const attempt = attemptOf(0);
      begin(at, attempt);
      end(at + 250, attempt, result);
    }
    const saving = attemptOf(0, 1, 'kmer', 'saveCheckpoint');
    const saved = {
      outcome: 'published',
      path: '0_KMER.pt',
      bytes: 7,
      rows: 10,
      sha256: DIGEST,
      seconds: 0.1,
    } as const;
    tell(4000, saving, { type: 'checkpoint-saved', ...saved });
    const before = {
      checkpoints: [
        { path: '0_KMER.pt', sha256: 'ef'.repeat(32), bytes: 7 },
        { path: 'b.pt', sha256: DIGEST, bytes: 9 },
        { path: 3 },
      ],
    };
    const { checkpoints, workers } = checkpointDetails(await read(), before as never);
    expect(checkpoints?.get('0_KMER.pt')).toEqual({ sha256: DIGEST, bytes: 7, attempts: 2, embedSeconds: 0.5 });
    expect(checkpoints?.get('b.pt')).toEqual({ sha256: DIGEST, bytes: 9 });
    expect(workers).toMatchObject([{ pid: process.pid }]);
  });
});

describe('runs of a folder', () => {
  const execution = {
    startedAt: '2026-01-01T00:00:00Z',
    finishedAt: '2026-01-01T01:00:00Z',
    outcome: 'success',
    tasks: 1,
    found: 0,
    embedded: 1,
    failed: 0,
    rows: 5,
  } as const;

  it('one that is reported twice → once, with the last line', async () => {
    const { directory } = await scene();
    recordExecution(directory, { ...execution, workflowRunId: 'a', outcome: 'cancelled' });
    recordExecution(directory, { ...execution, workflowRunId: 'b' });
    recordExecution(directory, { ...execution, workflowRunId: 'a' });
    expect(readExecutions(directory).map(({ workflowRunId, outcome }) => `${workflowRunId} ${outcome}`)).toEqual([
      'b success',
      'a success',
    ]);
  });

  it('none yet → none', async () => {
    expect(readExecutions(await temporaryFolder())).toEqual([]);
  });

  it('many plans → the timelines of the last eight are kept', async () => {
    const { directory } = await scene();
    recordExecution(directory, { ...execution, workflowRunId: 'a' });
    for (let plan = 0; plan < 12; plan++)
      mkdirSync(timelineOfPlan(directory, String(plan).padStart(64, '0').split('').toReversed().join('')));
    forgetOldTimelines(directory);
    expect(
      readdirSync(join(directory, '.virnucpro', 'timeline'), { withFileTypes: true }).filter((entry) =>
        entry.isDirectory(),
      ),
    ).toHaveLength(8);
  });
});

describe('Slots', () => {
  it('taken and freed → the lowest that is free', () => {
    const slots = new Slots();
    expect([slots.take('a'), slots.take('a'), slots.take('b')]).toEqual([0, 1, 0]);
    slots.free('a', 0);
    expect([slots.take('a'), slots.take('a')]).toEqual([0, 2]);
  });
});
