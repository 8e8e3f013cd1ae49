import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WorkflowFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure, ChildWorkflowFailure } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startRun, type RunHandle, type RunOptions } from '../../src/client/index.ts';
import type { FinishRunInput } from '../../src/contract/activities.ts';
import { FailureType } from '../../src/contract/failure-types.ts';
import { IO_TASK_QUEUE, WORKFLOW_EMBED_PARTITION, WORKFLOW_EMBEDDING_RUN } from '../../src/contract/names.ts';
import { createWorkers, type VirnucproWorkers } from '../../src/worker/index.ts';
import type { DevServer } from '../support/dev-server.ts';
import { startTemporal, type Temporal } from '../support/temporal.ts';
import { contentOf, embeddedTimes, fasta, leftovers, logLines, makeInputs } from '../support/run-folder.ts';

const CALLERS_QUEUE = 'callers';
const UNCACHED_QUEUE = 'uncached';

/**
 * Where the workflows of a group of tests run: with the cache of a worker, and without any, so that each of their steps is
 * replayed from the history.
 */
const MODES = [
  { mode: 'cached', taskQueue: IO_TASK_QUEUE },
  { mode: 'replayed at each step', taskQueue: UNCACHED_QUEUE },
] as const;

let temporal: Temporal;
let server: DevServer;
let connection: NativeConnection;
let client: Client;
let serving: VirnucproWorkers[] = [];
let callers: Worker;
let running: Promise<unknown>;

beforeAll(async () => {
  temporal = await startTemporal();
  ({ server, connection, client } = temporal);
  const { address } = server;
  const common = { connection, namespace: 'default', address, log: () => {} };
  const uncached = { taskQueue: UNCACHED_QUEUE, role: 'io', workerOptions: { maxCachedWorkflows: 0 } } as const;
  serving = [await createWorkers(common), await createWorkers({ ...common, ...uncached })];
  callers = await Worker.create({
    connection,
    taskQueue: CALLERS_QUEUE,
    workflowsPath: fileURLToPath(new URL('../support/workflows/callers.ts', import.meta.url)),
  });
  running = Promise.all([...serving.map((workers) => workers.run()), callers.run()]);
});

afterAll(async () => {
  for (const workers of serving) workers.shutdown();
  callers?.shutdown();
  await running;
  await temporal?.stop();
});

interface Place {
  folder: string;
  out: string;
  log: string;
}

function place(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'virnucpro-run-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  return { folder, out: join(folder, 'out'), log: join(folder, 'fake.log') };
}

function kmer({ folder, out }: Place, more: Partial<RunOptions> = {}): RunOptions {
  return { directory: out, inputs: [join(folder, 'in')], embedders: [{ name: 'kmer' }], ...more };
}

function fake(at: Place, options: Record<string, string> = {}, more: Partial<RunOptions> = {}): RunOptions {
  return kmer(at, { embedders: [{ name: 'fake', options: { log: at.log, ...options } }], ...more });
}

/** Starts `embeddingRun` as a client in another language would, with an id of its own. */
function startRaw(workflowId: string, ...args: unknown[]) {
  return startRawOn(IO_TASK_QUEUE, workflowId, ...args);
}

function startRawOn(taskQueue: string, workflowId: string, ...args: unknown[]) {
  return client.workflow.start(WORKFLOW_EMBEDDING_RUN, { workflowId, taskQueue, args });
}

/** The failure that ended a workflow. */
async function failureOf(result: Promise<unknown>): Promise<ApplicationFailure> {
  const error = await result.then(
    (value) => expect.fail(`it completed: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WorkflowFailedError);
  let at = (error as WorkflowFailedError).cause;
  while (at instanceof ChildWorkflowFailure) at = at.cause;
  expect(at).toBeInstanceOf(ApplicationFailure);
  return at as ApplicationFailure;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(50);
}

function reportOf({ out }: Place): Record<string, unknown> {
  return JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as Record<string, unknown>;
}

describe.each(MODES)('embeddingRun: outcomes, $mode', ({ taskQueue }) => {
  const start = (options: RunOptions) => startRun(client, options, { taskQueue });

  it('all embedded → completes with success, counted from disk', async () => {
    const at = place();
    makeInputs(at.folder, 3, 2);
    const run = await start(kmer(at));
    expect(run.attached).toBe(false);
    expect(await run.result()).toEqual({
      schema: 1,
      outcome: 'success',
      exitCode: 0,
      tasks: 3,
      found: 0,
      embedded: 3,
      failed: 0,
      skipped: 0,
      skippedSequences: 0,
      rows: 6,
      message: 'all 3 checkpoints are complete: 0 found, 3 embedded, 0 failed, 0 skipped',
      offenders: [],
      report: 'report.json',
    });
    expect(reportOf(at)).toMatchObject({ outcome: 'success', workflowId: run.workflowId, rows: 6 });
    expect((await client.workflow.getHandle(run.workflowId).describe()).status.name).toBe('COMPLETED');
  });

  it('a file that fails → completes with partial and names it', async () => {
    const at = place();
    makeInputs(at.folder, 2, 3);
    const outcome = await (await start(fake(at, { nanOn: 's01_1' }))).result();
    expect(outcome).toMatchObject({ outcome: 'partial', exitCode: 2, embedded: 1, failed: 1 });
    expect(outcome.offenders).toEqual([{ path: 's01_FAKE.pt', reason: expect.stringContaining('"s01_1"') }]);
  });

  it('an embedder that always fails → each file is given up after three fruitless attempts', async () => {
    const at = place();
    makeInputs(at.folder, 1, 1);
    const outcome = await (await start(fake(at, { failOn: 's00_0' }))).result();
    expect(outcome).toMatchObject({ outcome: 'partial', failed: 1 });
    expect(outcome.offenders[0]?.reason).toContain('given up after 3 attempts');
  });

  it('a corrupted checkpoint → fails with its type, nothing embedded, the outcome as first detail', async () => {
    const at = place();
    makeInputs(at.folder, 2, 2);
    await (await start(fake(at))).result();
    truncateSync(join(at.out, 's01_FAKE.pt'), 100);
    truncateSync(at.log, 0);
    const run = await start(fake(at));
    const outcome = await run.result();
    expect(outcome).toMatchObject({
      outcome: 'checkpoint',
      exitCode: 3,
      failureType: FailureType.CheckpointCorrupted,
      found: 1,
      failed: 1,
    });
    const failure = await failureOf(client.workflow.getHandle(run.workflowId).result());
    expect(failure).toMatchObject({ type: FailureType.CheckpointCorrupted, nonRetryable: true });
    expect(failure.details?.[0]).toEqual(outcome);
    expect(failure.message.length).toBeLessThanOrEqual(512);
    expect(JSON.stringify(outcome).length).toBeLessThanOrEqual(2048);
    expect(logLines(at.log)).toEqual([]);
  });

  it('40 bad checkpoints with long names → the outcome stays small, the report lists all', async () => {
    const at = place();
    const folder = join(at.folder, 'in');
    mkdirSync(folder);
    for (let n = 0; n < 40; n++) writeFileSync(join(folder, `${'long-name-'.repeat(12)}${n}.fa`), fasta('x', 1));
    await (await start(kmer(at))).result();
    for (let n = 0; n < 40; n++) truncateSync(join(at.out, `${'long-name-'.repeat(12)}${n}_KMER.pt`), 10);
    const outcome = await (await start(kmer(at))).result();
    expect(outcome).toMatchObject({ outcome: 'checkpoint', failed: 40 });
    expect(outcome.offenders).toHaveLength(5);
    expect(JSON.stringify(outcome).length).toBeLessThanOrEqual(2048);
    expect(reportOf(at)['checkpoints']).toHaveLength(40);
  });

  it('bad input → fails with RunError.InvalidInput and the files', async () => {
    const at = place();
    makeInputs(at.folder, 1, 1);
    writeFileSync(join(at.folder, 'in', 'bad.fa'), 'nonsense');
    const outcome = await (await start(kmer(at))).result();
    expect(outcome).toMatchObject({ outcome: 'failed', exitCode: 1, failureType: FailureType.RunInvalidInput });
    expect(outcome.offenders).toEqual([
      { path: expect.stringContaining('bad.fa'), reason: expect.stringContaining('expected FASTA') },
    ]);
  });
});

describe('embeddingRun as a child of another workflow', () => {
  const callersOptions = (workflowId: string) => ({ workflowId, taskQueue: CALLERS_QUEUE });
  const input = (at: Place) => ({ contract: 1, ...kmer(at), unknownField: 'is ignored' });

  it('success → its outcome is the result', async () => {
    const at = place();
    makeInputs(at.folder, 1, 1);
    const args = [input(at)];
    const outcome = await client.workflow.execute('runAsChild', { ...callersOptions(at.folder), args });
    expect(outcome).toMatchObject({ schema: 1, outcome: 'success', embedded: 1 });
  });

  it.each(['runAsChild', 'runAsGrandchild'])('a bad checkpoint → %s fails with its type unchanged', async (caller) => {
    const at = place();
    makeInputs(at.folder, 1, 1);
    await (await startRun(client, kmer(at))).result();
    truncateSync(join(at.out, 's00_KMER.pt'), 10);
    const options = { ...callersOptions(`${caller}-${at.folder}`), args: [input(at)] };
    const failure = await failureOf(client.workflow.execute(caller, options));
    expect(failure.type).toBe(FailureType.CheckpointCorrupted);
    expect(failure.details?.[0]).toMatchObject({ outcome: 'checkpoint', exitCode: 3 });
  });

  it('validateCheckpoint alone, valid → what the file holds', async () => {
    const at = place();
    makeInputs(at.folder, 1, 2);
    await (await startRun(client, kmer(at))).result();
    const file = join(at.out, 's00_KMER.pt');
    const options = { ...callersOptions(`validate-${at.folder}`), args: [file] };
    expect(await client.workflow.execute('validateOnly', options)).toMatchObject({
      path: file,
      kind: 'vectors',
      version: '1.0',
      status: 'complete',
      rows: 2,
      dim: 136,
    });
    truncateSync(file, 50);
    const error = await client.workflow.execute('validateOnly', options).catch((reason: unknown) => reason);
    const activityFailure = (error as WorkflowFailedError).cause as { cause?: unknown };
    expect(activityFailure.cause).toMatchObject({ type: FailureType.CheckpointCorrupted, nonRetryable: true });
  });
});

describe.each(MODES)('embeddingRun: two at once on one folder, $mode', ({ taskQueue }) => {
  const raw = startRawOn.bind(undefined, taskQueue);

  it('with another workflow id → the second fails naming the first, which goes on', async () => {
    const at = place();
    makeInputs(at.folder, 2, 20);
    const slow = { contract: 1, ...fake(at, { delayMs: '50' }) };
    const first = await raw(`first-${at.folder}`, slow);
    await until(() => logLines(at.log).length > 0);
    const second = await raw(`second-${at.folder}`, slow);
    const failure = await failureOf(second.result());
    expect(failure.type).toBe(FailureType.RunInvalidInput);
    expect(failure.message).toContain(`belongs to workflow first-${at.folder}`);
    expect(await first.result()).toMatchObject({ outcome: 'success', embedded: 2 });
    expect(Math.max(...embeddedTimes(at.log).values())).toBe(1);
    expect(reportOf(at)).toMatchObject({ outcome: 'success', workflowId: `first-${at.folder}` });
  });

  it('after the first has ended → the second takes the folder over', async () => {
    const at = place();
    makeInputs(at.folder, 1, 1);
    await (await raw(`one-${at.folder}`, { contract: 1, ...kmer(at) })).result();
    const outcome = await (await raw(`two-${at.folder}`, { contract: 1, ...kmer(at) })).result();
    expect(outcome).toMatchObject({ outcome: 'success', found: 1, embedded: 0 });
  });

  it('the first was terminated → the second takes the folder over at once', async () => {
    const at = place();
    makeInputs(at.folder, 1, 40);
    const slow = { contract: 1, ...fake(at, { delayMs: '50' }) };
    const first = await raw(`ended-${at.folder}`, slow);
    await until(() => logLines(at.log).length > 0);
    await first.terminate();
    const outcome = await (await raw(`next-${at.folder}`, slow)).result();
    expect(outcome).toMatchObject({ outcome: 'success', rows: 40 });
  });
});

describe('embeddingRun: whatever the input is', () => {
  const valid = (at: Place) => ({ contract: 1, ...kmer(at) });
  const cases: [what: string, make: (at: Place) => unknown[]][] = [
    ['no argument', () => []],
    ['null', () => [null]],
    ['a number', () => [42]],
    ['a text', () => ['embed this']],
    ['an array', () => [[1, 2]]],
    ['an empty object', () => [{}]],
    ['another contract', (at) => [{ ...valid(at), contract: 2 }]],
    ['a relative folder', (at) => [{ ...valid(at), directory: 'out' }]],
    ['embedders of a wrong type', (at) => [{ ...valid(at), embedders: 'kmer' }]],
    ['an unknown embedder', (at) => [{ ...valid(at), embedders: [{ name: 'nosuch' }] }]],
    ['an embedder twice', (at) => [{ ...valid(at), embedders: [{ name: 'kmer' }, { name: 'kmer' }] }]],
    ['tuning of wrong types', (at) => [{ ...valid(at), tuning: { heartbeatTimeoutMs: 'soon', partitionSize: -1 } }]],
    ['a run id of another folder', (at) => [{ ...valid(at), runId: 'f47ac10b-58cc-4372-a567-0e02b2c3d479' }]],
    ['inputs and no folder', (at) => [{ ...valid(at), directory: undefined }]],
    ['no inputs', (at) => [{ ...valid(at), inputs: [] }]],
    ['an inputs file outside', (at) => [{ ...valid(at), inputs: undefined, inputsFile: '../../etc/passwd' }]],
  ];
  it.each(cases)('%s → RunError.InvalidInput', async (what, make) => {
    const at = place();
    makeInputs(at.folder, 1, 1);
    const run = await startRaw(`garbage-${what}`, ...make(at));
    expect(await failureOf(run.result())).toMatchObject({ type: FailureType.RunInvalidInput, nonRetryable: true });
  });

  it.each([[5], [{}], [{ run: null, plan: { bad: 0 } }]])(
    'continued: %j from a client → ignored',
    async (continued) => {
      const at = place();
      makeInputs(at.folder, 1, 1);
      const run = await startRaw(`continued-${JSON.stringify(continued)}`, { ...valid(at), continued });
      expect(await run.result()).toMatchObject({ outcome: 'success', embedded: 1 });
    },
  );

  it('signals with nonsense → passed over', async () => {
    const at = place();
    makeInputs(at.folder, 1, 20);
    const run = await startRaw(`signals-${at.folder}`, { contract: 1, ...fake(at, { delayMs: '20' }) });
    for (const nonsense of [null, 5, {}, { partition: 'x', embedded: 'many' }]) {
      await run.signal('partitionProgress', nonsense);
    }
    await run.signal('nobodyListens', 1);
    expect(await run.result()).toMatchObject({ outcome: 'success' });
  });

  it.each([
    ['null', null],
    ['an empty object', {}],
    ['a heartbeat timeout that is none', 'soon'],
  ])('embedPartition with %s → RunError.InvalidInput', async (what, given) => {
    const range = { embedder: 'kmer', taskQueue: 'virnucpro-gpu-kmer', start: 0, end: 1 };
    const run = { directory: '/nowhere', runId: 'f47ac10b-58cc-4372-a567-0e02b2c3d479' };
    const sound = { contract: 1, run, plan: 'a'.repeat(64), range, maxInFlight: 1, paused: false };
    const args = [given === 'soon' ? { ...sound, heartbeatTimeoutMs: given } : given];
    const options = { workflowId: `partition-${what}`, taskQueue: 'virnucpro', args };
    const result = client.workflow.execute(WORKFLOW_EMBED_PARTITION, options);
    expect(await failureOf(result)).toMatchObject({ type: FailureType.RunInvalidInput });
  });
});

describe.each(MODES)('embeddingRun: pause, resume, cancel, continue as new, $mode', ({ taskQueue }) => {
  const start = (options: RunOptions) => startRun(client, options, { taskQueue });

  it('paused → running tasks finish, none starts, also after continuing as new; resumed → goes on', async () => {
    const at = place();
    makeInputs(at.folder, 8, 4);
    const tuning = { partitionSize: 2, maxInFlight: 2, openPartitions: 1, partitionsPerExecution: 1 };
    const run = await start(fake(at, { delayMs: '250' }, { tuning }));
    const handle = client.workflow.getHandle(run.workflowId);
    const { runId: first } = await handle.describe();
    await until(() => logLines(at.log).length > 0);
    await run.pause();
    await run.pause();
    await until(async () => (await handle.describe()).runId !== first);
    await until(async () => (await run.status()).openPartitions === 1);
    expect(await run.status()).toMatchObject({ schema: 1, phase: 'embedding', paused: true, total: 8, embedded: 2 });
    const lines = logLines(at.log).length;
    expect(lines).toBe(8);
    await sleep(1500);
    expect(logLines(at.log)).toHaveLength(lines);
    expect(await run.status()).toMatchObject({ paused: true, embedded: 2, runningTasks: 0, waitingTasks: 0 });
    await run.resume();
    await run.resume();
    expect(await run.result()).toMatchObject({ outcome: 'success', tasks: 8, embedded: 8, rows: 32 });
    expect(Math.max(...embeddedTimes(at.log).values())).toBe(1);
  });

  it('10 files in partitions of 2, two an execution → three executions, totals carried over', async () => {
    const at = place();
    makeInputs(at.folder, 10, 1);
    const tuning = { partitionSize: 2, partitionsPerExecution: 2 };
    const run = await start(kmer(at, { tuning }));
    expect(await run.result()).toMatchObject({ outcome: 'success', tasks: 10, embedded: 10 });
    expect(await executionsOf(run)).toBe(3);
    expect((await stickyTasksOf(run)) > 0).toBe(taskQueue === IO_TASK_QUEUE);
    expect(await run.status()).toMatchObject({ phase: 'done', total: 10, found: 0, embedded: 10, openPartitions: 0 });
  });

  it('a file that fails in an execution before the last → its reason reaches the end of the run', async () => {
    const at = place();
    makeInputs(at.folder, 3, 1);
    const tuning = { partitionSize: 1, openPartitions: 1, partitionsPerExecution: 1 };
    const run = await start(fake(at, { failOn: 's00_0' }, { tuning }));
    expect(await run.result()).toMatchObject({ outcome: 'partial', failed: 1, embedded: 2 });
    expect(await executionsOf(run)).toBeGreaterThan(1);
    const { events } = await client.workflow.getHandle(run.workflowId).fetchHistory();
    const finish = events?.findLast(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'finishRun',
    );
    const [payload] = finish?.activityTaskScheduledEventAttributes?.input?.payloads ?? [];
    const { taskFailures } = JSON.parse(Buffer.from(payload?.data ?? []).toString()) as FinishRunInput;
    expect(taskFailures).toEqual([{ index: 0, reason: expect.stringContaining('s00') as string }]);
  });

  it('cancelled → ends soon as cancelled, spool kept, report written; started again → goes on from the spool', async () => {
    const at = place();
    // Enough work that it cannot be over before a heartbeat has brought the cancellation.
    makeInputs(at.folder, 2, 200);
    const request = fake(at, { delayMs: '50' }, { batchSize: 8, tuning: { heartbeatTimeoutMs: 3000 } });
    const run = await start(request);
    await until(() => logLines(at.log).length > 40);
    await run.cancel();
    expect(await run.result()).toMatchObject({ outcome: 'cancelled', exitCode: 130 });
    expect((await client.workflow.getHandle(run.workflowId).describe()).status.name).toBe('CANCELLED');
    expect(reportOf(at)).toMatchObject({ outcome: 'cancelled', exitCode: 130, tasks: 2 });
    const embedded = logLines(at.log).length;
    expect(embedded).toBeLessThan(400);
    expect(leftovers(at.out).some((name) => name.endsWith('.rows'))).toBe(true);
    const again = await start(request);
    expect(await again.result()).toMatchObject({ outcome: 'success', rows: 400 });
    const times = embeddedTimes(at.log);
    expect(times.size).toBe(400);
    expect(logLines(at.log).length - 400).toBeLessThanOrEqual(2 * 2 * 8);
    expect(leftovers(at.out)).toEqual([]);
    expect((await contentOf(join(at.out, 's00_FAKE.pt'))).ids).toHaveLength(200);
  });

  it('a second start with the same request → attaches; with another → CheckpointError.Incompatible', async () => {
    const at = place();
    makeInputs(at.folder, 1, 20);
    const first = await start(fake(at, { delayMs: '50' }));
    const second = await start(fake(at, { delayMs: '50' }));
    expect(second).toMatchObject({ attached: true, workflowId: first.workflowId });
    const other = start(fake(at, { delayMs: '50' }, { chunkLength: 30 }));
    await expect(other).rejects.toMatchObject({
      type: FailureType.CheckpointIncompatible,
      message: expect.stringContaining('chunk length: none there, 30 here'),
    });
    expect(await second.result()).toEqual(await first.result());
  });
});

/** How many executions a run has had by continuing as new. */
async function executionsOf(run: RunHandle): Promise<number> {
  let count = 0;
  let runId: string | undefined;
  do {
    count++;
    const { events } = await client.workflow.getHandle(run.workflowId, runId).fetchHistory();
    runId = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
  } while (runId !== undefined);
  return count;
}

/** How many workflow tasks of the last execution went to the one worker that had the workflow in its cache. */
async function stickyTasksOf(run: RunHandle): Promise<number> {
  const { events } = await client.workflow.getHandle(run.workflowId).fetchHistory();
  const queues = (events ?? []).flatMap((event) => event.workflowTaskScheduledEventAttributes?.taskQueue?.name ?? []);
  return queues.filter((name) => name !== IO_TASK_QUEUE && name !== UNCACHED_QUEUE).length;
}

describe('histories', () => {
  it('40 tasks with long paths → small payloads, few events, nothing but references', async () => {
    const at = place();
    const long = join(at.folder, 'a-rather-long-folder-name'.repeat(4));
    makeInputs(long, 40, 1);
    const run = await startRun(client, { ...kmer(at), inputs: [join(long, 'in')], tuning: { partitionSize: 20 } });
    await run.result();
    const histories = [run.workflowId, ...(await partitionsOf(run))].map((id) =>
      client.workflow.getHandle(id).fetchHistory(),
    );
    const [own, ...partitions] = await Promise.all(histories);
    expect(own!.events!.length).toBeLessThan(60);
    expect(partitions).toHaveLength(2);
    for (const { events } of partitions) expect(events!.length).toBeLessThan(20 * 12 + 20);
    const sizes = [own!, ...partitions].flatMap(({ events }) => payloadSizes(events));
    expect(sizes.length).toBeGreaterThan(100);
    expect(Math.max(...sizes)).toBeLessThan(4096);
  });
});

async function partitionsOf(run: RunHandle): Promise<string[]> {
  const { events } = await client.workflow.getHandle(run.workflowId).fetchHistory();
  return (events ?? []).flatMap((event) => {
    const id = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution?.workflowId;
    return id ? [id] : [];
  });
}

/** Bytes of every payload anywhere in a value. */
function payloadSizes(value: unknown): number[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  const { data, metadata } = value as { data?: unknown; metadata?: unknown };
  if (data instanceof Uint8Array && metadata !== undefined) return [data.byteLength];
  return Object.values(value).flatMap((inner) => payloadSizes(inner));
}
