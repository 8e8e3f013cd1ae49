import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createActivities } from '../../src/activities/create-activities.ts';
import { startRun, type RunHandle } from '../../src/client/index.ts';
import { openTasksOfRun } from '../../src/client/open-tasks.ts';
import { findUnserved, queueObserver } from '../../src/client/unserved-queues.ts';
import { FailureType } from '../../src/contract/failure-types.ts';
import { checkedEmbedder } from '../../src/embedders/checked-embedder.ts';
import { fakeVector } from '../../src/embedders/fake/fake-vector.ts';
import { ProcessEmbedder } from '../../src/embedders/process/process-embedder.ts';
import { ResidentEmbedders } from '../../src/embedders/resident.ts';
import type { EmbedderFactory } from '../../src/embedders/types.ts';
import { processStartTime } from '../../src/platform/process-identity.mjs';
import { createWorkers } from '../../src/worker/index.ts';
import type { Command } from '../support/command.ts';
import type { DevServer } from '../support/dev-server.ts';
import { startTemporalWithIoWorker, type Temporal } from '../support/temporal.ts';
import { processesOf } from '../support/processes.ts';
import { contentOf, embeddedTimes, leftovers, logLines, makeInputs, sequencesOf } from '../support/run-folder.ts';
import { workplace, type Workplace } from '../support/workplace.ts';

const BATCH = 10;
const FAKE_QUEUE = 'virnucpro-gpu-fake';

let temporal: Temporal;
let server: DevServer;
let connection: NativeConnection;
let client: Client;

beforeAll(async () => {
  temporal = await startTemporalWithIoWorker();
  ({ server, connection, client } = temporal);
});

afterAll(() => temporal?.stop());

/** Starts a worker process for the fake embedder's queue and waits until it polls. */
async function gpuWorker(at: Workplace, slots = 8): Promise<Command> {
  const args = ['--role', 'gpu', '--embedder', 'fake', '--slots', String(slots), '--address', server.address];
  const worker = at.start(['worker', ...args]);
  await worker.said('serving gpu');
  return worker;
}

interface Wanted {
  files: number;
  records: number;
  /** Milliseconds per sequence. */
  delayMs: number;
  /** Folder and log; runs of one log share their embedder. */
  name?: string;
  heartbeatTimeoutMs?: number;
}

function embed(at: Workplace, { files, records, delayMs, name = 'run', heartbeatTimeoutMs = 15_000 }: Wanted) {
  const inputs = [makeInputs(at.path(name), files, records)];
  const options = { delayMs: String(delayMs), log: at.path('fake.log') };
  const embedders = [{ name: 'fake', options }];
  const tuning = { heartbeatTimeoutMs };
  return startRun(client, { directory: at.path(name, 'out'), inputs, embedders, batchSize: BATCH, tuning });
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

function untilRows(at: Workplace, count: number): Promise<void> {
  return until(() => logLines(at.path('fake.log')).length >= count);
}

/** The worker process that has a task of the run in hand. */
async function holderOf(run: RunHandle): Promise<number> {
  const tasks = await openTasksOfRun(client, run.workflowId);
  const held = tasks.find(({ activity, state }) => activity?.activityType?.name === 'embedFile' && state === 'running');
  return Number(held?.activity?.lastWorkerIdentity?.split('@')[0]);
}

/** How every attempt of embedFile but the last one ended, as the last one's start tells. */
async function lastAttempt(run: RunHandle) {
  const { events = [] } = await client.workflow.getHandle(run.workflowId).fetchHistory();
  const partition = events!.find((event) => event.childWorkflowExecutionStartedEventAttributes);
  const id = partition!.childWorkflowExecutionStartedEventAttributes!.workflowExecution!.workflowId!;
  const history = await client.workflow.getHandle(id).fetchHistory();
  const [start] = history.events!.flatMap((event) => event.activityTaskStartedEventAttributes ?? []);
  return start!;
}

/** Tells what was measured; limits in seconds would only measure the machine. */
function report(what: string, since: number): void {
  process.stdout.write(`${what}: ${((performance.now() - since) / 1000).toFixed(1)} s\n`);
}

/** Not so for the remains of a process, which may lie about until its new parent looks after them. */
function isRunning(pid: number): boolean {
  return processStartTime(pid) !== undefined;
}

function embedderProcesses(at: Workplace): number[] {
  return processesOf(at.stateHome)
    .filter(({ command }) => command.includes('fake-process.js'))
    .map(({ pid }) => pid);
}

describe('SIGTERM to a worker in the middle of a file', () => {
  it('answered batches are durable, the task is handed back at once, the other worker does the rest', async () => {
    const at = workplace();
    const workers = await Promise.all([gpuWorker(at), gpuWorker(at)]);
    const run = await embed(at, { files: 1, records: 150, delayMs: 20 });
    await untilRows(at, 45);
    const held = await holderOf(run);
    const holder = workers.find(({ pid }) => pid === held);
    const other = workers.find(({ pid }) => pid !== held);
    expect(holder).toBeDefined();
    const started = performance.now();
    holder!.signal('SIGTERM');
    const rows = logLines(at.path('fake.log')).length;
    expect((await holder!.ended).code).toBe(0);
    report('SIGTERM → worker process gone', started);
    await until(() => logLines(at.path('fake.log')).length > rows + BATCH);
    report('SIGTERM → the other worker embeds', started);
    expect(await run.result()).toMatchObject({ outcome: 'success', rows: 150 });

    const { attempt, lastFailure, identity } = await lastAttempt(run);
    expect(attempt).toBe(2);
    expect(Number(identity!.split('@')[0])).toBe(other!.pid);
    expect(lastFailure?.applicationFailureInfo).toMatchObject({
      type: FailureType.RunStaleAttempt,
      nonRetryable: false,
    });
    expect(lastFailure?.message).toContain('WORKER_SHUTDOWN');
    expect(lastFailure?.timeoutFailureInfo).toBeFalsy();

    // Only the batch that was being computed is computed again: those whose answers had come were made durable.
    const times = embeddedTimes(at.path('fake.log'));
    expect(times.size).toBe(150);
    expect([...times.values()].filter((count) => count > 1).length).toBeLessThanOrEqual(BATCH);
    const { rows: vectors } = await contentOf(at.path('run', 'out', 's00_FAKE.pt'));
    expect(vectors).toEqual(sequencesOf(at.path('run', 'in', 's00.fa')).map((letters) => [...fakeVector(letters, 16)]));
  });
});

/** Makes embedders whose process, and what it has started, do not hear SIGTERM. */
class DeafEmbedders extends ResidentEmbedders {
  readonly #pidFile: string;

  constructor(pidFile: string) {
    super();
    this.#pidFile = pidFile;
  }

  override acquire(...[factory, ...rest]: Parameters<ResidentEmbedders['acquire']>) {
    const program = fileURLToPath(new URL('../support/deaf-embedder.mjs', import.meta.url));
    const frames = new URL('../../dist/embedders/process/frames.js', import.meta.url).href;
    const create: EmbedderFactory['create'] = (_, description) => {
      const args = [program, this.#pidFile, String(description.dim), frames];
      const spec = { name: 'deaf', command: process.execPath, args, log: () => {} };
      return checkedEmbedder(new ProcessEmbedder(description, spec));
    };
    return super.acquire({ ...factory, create }, ...rest);
  }
}

describe('cancelling a run', () => {
  it('its embedder ignores SIGTERM, as does what it started → both are gone before the run has ended, spool kept', async () => {
    const at = workplace();
    const pidFile = at.path('pids');
    const { address } = server;
    const embedders = new DeafEmbedders(pidFile);
    const { embedFile } = createActivities({ embedders, server: { address, namespace: 'default' } });
    const worker = await Worker.create({
      connection,
      taskQueue: 'deaf',
      activities: { embedFile },
      maxHeartbeatThrottleInterval: '3 seconds',
      defaultHeartbeatThrottleInterval: '3 seconds',
    });
    await worker.runUntil(async () => {
      const inputs = [makeInputs(at.folder, 1, 50)];
      const named = [{ name: 'fake', taskQueue: 'deaf' }];
      const run = await startRun(client, { directory: at.path('out'), inputs, embedders: named, batchSize: BATCH });
      await until(async () => (await run.status()).spooledRows === 2 * BATCH);
      const pids = readFileSync(pidFile, 'utf8').trim().split('\n').map(Number);
      expect(pids.map(isRunning)).toEqual([true, true]);
      const asked = performance.now();
      await run.cancel();
      const gone = until(() => !pids.some(isRunning)).then(() => report('cancel → both processes are gone', asked));
      expect(await run.result()).toMatchObject({ outcome: 'cancelled', exitCode: 130 });
      report('cancel → the run has ended', asked);
      expect(isRunning(pids[0]!)).toBe(false);
      await gone;
      expect(leftovers(at.path('out')).some((name) => name.endsWith('.rows'))).toBe(true);
    });
  });

  it('another run uses the same embedder → left to it; cancelled, too → gone, the worker lives on and serves', async () => {
    const at = workplace();
    const worker = await gpuWorker(at);
    const runs = [];
    for (const name of ['first', 'second']) runs.push(await embed(at, { files: 1, records: 300, delayMs: 50, name }));
    await untilRows(at, 40);
    const [process, ...others] = embedderProcesses(at);
    expect(others).toEqual([]);
    await runs[0]!.cancel();
    expect(await runs[0]!.result()).toMatchObject({ outcome: 'cancelled' });
    expect(embedderProcesses(at)).toEqual([process]);
    await untilRows(at, logLines(at.path('fake.log')).length + 2 * BATCH);
    const asked = performance.now();
    await runs[1]!.cancel();
    await until(() => embedderProcesses(at).length === 0);
    report('cancel → embedder process gone', asked);
    expect(await runs[1]!.result()).toMatchObject({ outcome: 'cancelled' });
    const next = await embed(at, { files: 1, records: 5, delayMs: 0, name: 'third' });
    expect(await next.result()).toMatchObject({ outcome: 'success' });
    worker.signal('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    expect(processesOf(at.stateHome)).toEqual([]);
  });
});

describe('nobody serves a queue', () => {
  const HOUR_MS = 3_600_000;

  /** What would be found later if nothing happened until then. */
  function unservedLater(run: RunHandle, laterMs: number) {
    return findUnserved(queueObserver(client, run.workflowId), Date.now() + laterMs);
  }

  it('one embedder’s queue is served and busy, the other’s never polled → that one is named, also by the command; a worker comes → done', async () => {
    const at = workplace({ TEMPORAL_ADDRESS: server.address });
    const started = performance.now();
    makeInputs(at.folder, 2, 100);
    const fake = [`log=${at.path('fake.log')}`, 'delayMs=400'].flatMap((option) => [
      '--embedder-option',
      `fake:${option}`,
    ]);
    const command = at.start(['embed', 'in', '--out', 'out', '--embedder', 'kmer', '--embedder', 'fake', ...fake]);
    const impatient = at.start(['embed', 'in', '--out', 'out2', '--embedder', 'kmer', '--wait-for-workers', '5']);
    const worker = await gpuWorker(at);
    const inputs = [at.path('in')];
    const embedders = [{ name: 'kmer', taskQueue: 'kmer-of-mine' }];
    const own = await startRun(client, { directory: at.path('own'), inputs, embedders });
    await until(async () => (await own.unservedQueues()).length > 0);
    report('a queue never polled → named by the client', started);
    expect(await own.unservedQueues()).toEqual([{ queue: 'kmer-of-mine', type: 'activity', waiting: 2 }]);
    await command.said('no worker polls the queue virnucpro-gpu-kmer: start one with  virnucpro worker --role gpu');
    report('a queue never polled → named by the command', started);
    expect(command.stderr).not.toContain(FAKE_QUEUE);
    expect(logLines(at.path('fake.log')).length).toBeLessThan(200);

    const { code, stderr } = await impatient.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/no worker polls the queue virnucpro-gpu-kmer: .* gave up after 5 s/u);

    const { address } = server;
    const common = { connection, namespace: 'default', address, role: 'gpu', embedders: ['kmer'] } as const;
    const late = [
      await createWorkers(common),
      await createWorkers({ ...common, gpuTaskQueues: { kmer: 'kmer-of-mine' } }),
    ];
    const running = Promise.all(late.map((workers) => workers.run()));
    expect(await own.result()).toMatchObject({ outcome: 'success', embedded: 2 });
    expect(await own.unservedQueues()).toEqual([]);
    expect((await command.ended).code).toBe(0);
    for (const workers of late) workers.shutdown();
    worker.signal('SIGTERM');
    await Promise.all([running, worker.ended]);
  });

  it('all slots taken for an hour, by this run or another → not missing; the worker is killed → named; another comes → done', async () => {
    const at = workplace();
    const worker = await gpuWorker(at, 1);
    // The only slot stays with its first task until the worker is killed.
    const slow = { files: 2, records: 160, delayMs: 100, heartbeatTimeoutMs: 5000 };
    const run = await embed(at, slow);
    await untilRows(at, 1);
    const other = await embed(at, { ...slow, name: 'other' });
    await until(async () => (await other.status()).waitingTasks === 2);
    expect(await unservedLater(run, HOUR_MS)).toEqual([]);
    expect(await unservedLater(other, HOUR_MS)).toEqual([]);

    const killed = performance.now();
    worker.signal('SIGKILL');
    await until(async () => (await unservedLater(run, 80_000)).length > 0);
    report('worker killed → its task waits again (and is named 80 s after its last poll)', killed);
    expect(await unservedLater(run, 80_000)).toEqual([{ queue: FAKE_QUEUE, type: 'activity', waiting: 2 }]);
    expect(await run.unservedQueues()).toEqual([]);
    expect(await unservedLater(other, 80_000)).toHaveLength(1);
    const next = await gpuWorker(at);
    for (const one of [run, other]) expect(await one.result()).toMatchObject({ outcome: 'success', embedded: 2 });
    expect(existsSync(join(at.path('run', 'out'), 's00_FAKE.pt'))).toBe(true);
    next.signal('SIGTERM');
    await next.ended;
  });
});
