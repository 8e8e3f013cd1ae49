import { randomInt } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startRun, type RunHandle } from '../../src/client/index.ts';
import { FailureType } from '../../src/contract/failure-types.ts';
import { fakeVector } from '../../src/embedders/fake/fake-vector.ts';
import { workflowBundlePath } from '../../src/worker/index.ts';
import { readFasta } from '../../src/sequences/index.ts';
import { BATCH, RECORDS } from '../chaos/activity-run.ts';
import { overlapAttempts } from '../chaos/overlaps.ts';
import { uninterrupted } from '../chaos/uninterrupted.ts';
import type { DevServer } from '../support/dev-server.ts';
import { startTemporal, type Temporal } from '../support/temporal.ts';
import { checkpointNames, contentOf, leftovers, logLines, makeInputs } from '../support/run-folder.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { notedAttempts, WorkerProcess, type NotedAttempt } from '../support/worker-process.ts';

/** Printed with the figures; the same seed plans the same overlaps. */
const SEED = Number(process.env['VIRNUCPRO_CHAOS_SEED'] ?? randomInt(2 ** 31));
const HEARTBEAT_TIMEOUT_MS = 3000;
const POLL_MS = 50;

let temporal: Temporal;
let server: DevServer;
let client: Client;
let connection: NativeConnection;
/** What the steps of the activities are, in their order. */
let steps: { activity: string; label: string; number: number }[];

beforeAll(async () => {
  temporal = await startTemporal();
  ({ server, connection, client } = temporal);
  const folder = mkdtempSync(join(tmpdir(), 'virnucpro-zombies-'));
  ({ trace: steps } = await uninterrupted(join(folder, 'whole'), 2));
  rmSync(folder, { recursive: true });
});

afterAll(() => temporal?.stop());

/** A run of one file on a queue of its own. */
class Place {
  readonly folder: string;
  readonly queue: string;

  constructor(folder: string) {
    this.folder = folder;
    this.queue = folder;
  }

  get out(): string {
    return join(this.folder, 'out');
  }

  get log(): string {
    return join(this.folder, 'fake.log');
  }

  async start(delayMs: number, records = RECORDS): Promise<RunHandle> {
    const workflowBundle = { codePath: workflowBundlePath() };
    const workflows = await Worker.create({ connection, namespace: 'default', taskQueue: this.queue, workflowBundle });
    const serving = workflows.run();
    onTestFinished(() => {
      workflows.shutdown();
      return serving;
    });
    const options = { log: this.log, delayMs: String(delayMs) };
    return startRun(
      client,
      {
        directory: this.out,
        inputs: [makeInputs(this.folder, 1, records)],
        embedders: [{ name: 'fake', options, taskQueue: `${this.queue}-gpu` }],
        batchSize: BATCH,
        tuning: { heartbeatTimeoutMs: HEARTBEAT_TIMEOUT_MS },
      },
      { taskQueue: this.queue },
    );
  }

  /** @param stop the worker stops itself before the nth of these steps of this activity */
  worker(stop?: { activity: string; step: string; nth: number }): WorkerProcess {
    const attempts = join(this.folder, 'attempts.jsonl');
    const common = { address: server.address, queue: this.queue, attempts, workflows: false };
    const stopAt = stop && { activity: stop.activity, step: numberOf(stop), folder: this.out };
    const worker = new WorkerProcess({ ...common, ...(stopAt && { stopAt }) });
    onTestFinished(() => worker.kill(true));
    return worker;
  }

  attempts(): NotedAttempt[] {
    return notedAttempts(join(this.folder, 'attempts.jsonl'));
  }

  /** How the attempt of a worker at an activity ended, once it has. */
  async endOf(worker: WorkerProcess, activity: string): Promise<NotedAttempt> {
    for (;;) {
      const ends = this.attempts().filter((one) => one.pid === worker.pid && one.activity === activity);
      const end = ends.find(({ event }) => event !== 'begun');
      if (end !== undefined) return end;
      await sleep(POLL_MS);
    }
  }
}

/** The checkpoint of an uninterrupted run, and nothing beside it. */
async function expectOneWholeCheckpoint({ folder, out }: Place): Promise<void> {
  expect(checkpointNames(out)).toEqual(['s00_FAKE.pt']);
  const { ids, rows } = await contentOf(join(out, 's00_FAKE.pt'));
  const expected: { id: string; row: number[] }[] = [];
  for await (const { id, sequence } of readFasta(join(folder, 'in', 's00.fa'))) {
    expected.push({ id, row: [...fakeVector(sequence, 16)] });
  }
  expect(ids).toEqual(expected.map(({ id }) => id));
  expect(rows).toEqual(expected.map(({ row }) => row));
  expect(leftovers(out)).toEqual([]);
}

function numberOf({ activity, step, nth }: { activity: string; step: string; nth: number }): number {
  const found = steps.filter((one) => one.activity === activity && one.label.endsWith(step))[nth - 1];
  if (found === undefined) throw new Error(`${activity} has no step ${step}: ${JSON.stringify(steps)}`);
  return found.number;
}

const STOPS: [when: string, stop: { activity: string; step: string; nth: number }][] = [
  ['before it makes the spool', { activity: 'embedFile', step: 'mkdir .virnucpro/spool/TASK', nth: 1 }],
  ['before it claims its epoch', { activity: 'embedFile', step: 'open new .virnucpro/spool/TASK/EPOCH', nth: 1 }],
  ['before its second batch is synced', { activity: 'embedFile', step: 'sync .virnucpro/spool/TASK/SEGMENT', nth: 2 }],
  ['before it reads the rows', { activity: 'saveCheckpoint', step: 'open .virnucpro/spool/TASK/SEGMENT', nth: 1 }],
  ['before it links the checkpoint', { activity: 'saveCheckpoint', step: 'link TASK.pt', nth: 1 }],
];

describe('a worker that is stopped past the heartbeat timeout and wakes up after the end', () => {
  it.each(STOPS)('stopped %s → it ends as a stale attempt, one whole checkpoint, nothing left', async (_, stop) => {
    const place = new Place(await temporaryFolder());
    const zombie = place.worker(stop);
    const run = await place.start(0);
    await zombie.stopped();
    const other = place.worker();
    expect(await run.result()).toMatchObject({ outcome: 'success', rows: RECORDS });
    zombie.continue();
    const end = await place.endOf(zombie, stop.activity);
    expect(end.attempt).toBe(1);
    // One that has done nothing yet may find the checkpoint before the worker tells it that it is late: it does nothing, and
    // the server refuses its answer.
    const foundItDone = end.event === 'completed' && /^mkdir|EPOCH$/u.test(stop.step);
    if (!foundItDone) expect(end).toMatchObject({ event: 'failed', type: FailureType.RunStaleAttempt });
    expect(await place.endOf(other, stop.activity)).toMatchObject({ event: 'completed' });
    await Promise.all([zombie.close(), other.close()]);
    await expectOneWholeCheckpoint(place);
  });

  it('stopped after the link, before the name is durable → the other finds the checkpoint, one whole checkpoint', async () => {
    const place = new Place(await temporaryFolder());
    const zombie = place.worker({ activity: 'saveCheckpoint', step: 'fsync run folder', nth: 1 });
    const run = await place.start(0);
    await zombie.stopped();
    const other = place.worker();
    expect(await run.result()).toMatchObject({ outcome: 'success', rows: RECORDS });
    zombie.continue();
    await place.endOf(zombie, 'saveCheckpoint');
    await Promise.all([zombie.close(), other.close()]);
    await expectOneWholeCheckpoint(place);
  });
});

describe('an activity that is reset while it runs', () => {
  it('attempt 3, after two killed workers → the next has no higher number, epochs go on, the old one ends as stale, no row is lost', async () => {
    const place = new Place(await temporaryFolder());
    const run = await place.start(60, 6 * RECORDS);
    for (const kills of [1, 2]) {
      const victim = place.worker();
      await until(() => logLines(place.log).length > kills * 2 * BATCH);
      await victim.kill(true);
    }
    const worker = place.worker();
    await until(() => logLines(place.log).length > 3 * 2 * BATCH);
    await resetEmbedding(run);
    expect(await place.endOf(worker, 'embedFile')).toMatchObject({
      event: 'failed',
      type: FailureType.RunStaleAttempt,
      attempt: 3,
    });
    await until(() => claims(place.out).length >= 4);
    const [, , third, fourth] = claims(place.out);
    expect(third).toEqual({ name: 'epoch-0000000003.json', attempt: 3 });
    expect(fourth!.name).toBe('epoch-0000000004.json');
    expect(fourth!.attempt).toBeLessThan(3);
    expect(await run.result()).toMatchObject({ outcome: 'success', rows: 6 * RECORDS });
    await worker.close();
    const repeats = logLines(place.log).length - 6 * RECORDS;
    expect(repeats).toBeLessThanOrEqual(3 * 2 * BATCH);
    await expectOneWholeCheckpoint(place);
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(POLL_MS);
}

async function resetEmbedding({ workflowId }: RunHandle): Promise<void> {
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  const partition = raw.pendingChildren?.[0]?.workflowId ?? '';
  const namespace = 'default';
  const execution = { workflowId: partition };
  await client.workflowService.resetActivity({ namespace, execution, type: 'embedFile', identity: 'test' });
}

/** The claims in the one spool of a run folder. */
function claims(out: string): { name: string; attempt: number }[] {
  const folder = join(out, '.virnucpro', 'spool');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.includes('epoch-'))
    .toSorted()
    .flatMap((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      if (text === '') return [];
      const { attempt } = JSON.parse(text) as { attempt: number };
      return [{ name: name.slice(name.indexOf('epoch-')), attempt }];
    });
}

describe('attempts that overlap, without a server', { timeout: 900_000 }, () => {
  it('80 pairs, one stopped at every step and woken while the other saves or after it → one checkpoint each, nothing left', async () => {
    const tally = await overlapAttempts({ pairs: 80, seed: SEED });
    console.log(String(tally));
    expect(tally.violations).toEqual([]);
    expect(tally.pairs).toBe(80);
  });
});
