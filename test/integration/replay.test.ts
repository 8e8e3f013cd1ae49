import { copyFileSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, type WorkerOptions } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeCheckpointThreads } from '../../src/checkpoint/index.ts';
import {
  connectClient,
  connectionSettings,
  failedExecutions,
  fetchHistory,
  prepareRun,
  readHistoryFile,
  replayHistories,
  RunHandle,
  startRun,
  storedHistories,
  type ReplayVerdict,
  type WorkflowHistory,
} from '../../src/client/index.ts';
import { FailureType } from '../../src/contract/failure-types.ts';
import { WORKFLOW_EMBEDDING_RUN } from '../../src/contract/names.ts';
import { workflowBundlePath } from '../../src/platform/workflow-bundle.ts';
import { createWorkers } from '../../src/worker/index.ts';
import { startDevServer, type DevServer } from '../support/dev-server.ts';
import { contentsOf, embeddedTimes, logLines, makeInputs } from '../support/run-folder.ts';
import { runScene, until, type RunScene } from '../support/run-scene.ts';

let server: DevServer;
let connection: NativeConnection;
let client: Client;
let serving: Serving;

/** Workers that are running. */
interface Serving {
  stop(): Promise<void>;
}

beforeAll(async () => {
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => {}),
    telemetryOptions: { logging: { filter: 'OFF', forward: {} } },
  });
  server = await startDevServer();
  connection = await NativeConnection.connect({ address: server.address });
  client = await connectClient(connectionSettings({ address: server.address, namespace: 'default' }));
  serving = await serve({});
});

afterAll(async () => {
  await serving?.stop();
  await closeCheckpointThreads();
  await client?.connection.close();
  await connection?.close();
  await server?.stop();
});

async function serve(options: Partial<Parameters<typeof createWorkers>[0]>): Promise<Serving> {
  const { address } = server;
  const common = { connection, namespace: 'default', address, embedders: ['fake'], log: () => {} };
  const workers = await createWorkers({ ...common, ...options });
  const running = workers.run();
  return {
    stop: async () => {
      workers.shutdown();
      await running;
    },
  };
}

/** What is stored in a run folder, `run` and `partition` in place of the ids. */
async function storedIn({ out }: RunScene): Promise<string[]> {
  const kinds = (await readStored(out)).map(({ workflowId }) =>
    workflowId.split('-').length === 2 ? 'run' : 'partition',
  );
  return kinds.toSorted();
}

async function readStored(directory: string): Promise<WorkflowHistory[]> {
  return Promise.all((await storedHistories(directory)).map((file) => readHistoryFile(file)));
}

async function verdictsOf(histories: Iterable<WorkflowHistory>, workflowBundle?: string): Promise<ReplayVerdict[]> {
  const verdicts: ReplayVerdict[] = [];
  const options = workflowBundle === undefined ? {} : { workflowBundlePath: workflowBundle };
  for await (const verdict of replayHistories(histories, options)) verdicts.push(verdict);
  return verdicts;
}

/** Every stored history leads the code of this version to the same decisions. */
async function expectSameDecisions({ out }: RunScene): Promise<void> {
  for (const { divergence } of await verdictsOf(await readStored(out))) expect(divergence).toBeUndefined();
}

describe('what a client stores when a run has ended', () => {
  it('success → nothing', async () => {
    const at = runScene();
    makeInputs(at.folder, 1, 1);
    expect(await (await startRun(client, at.request())).result()).toMatchObject({ outcome: 'success' });
    expect(await storedIn(at)).toEqual([]);
  });

  it('partial → the run, whose partitions completed', async () => {
    const at = runScene();
    makeInputs(at.folder, 2, 2);
    const outcome = await (await startRun(client, at.request({ nanOn: 's01_1' }))).result();
    expect(outcome).toMatchObject({ outcome: 'partial' });
    expect(await storedIn(at)).toEqual(['run']);
    await expectSameDecisions(at);
  });

  it('failed while planning → the run', async () => {
    const at = runScene();
    makeInputs(at.folder, 1, 1);
    writeFileSync(join(at.folder, 'in', 'bad.fa'), 'no FASTA');
    expect(await (await startRun(client, at.request())).result()).toMatchObject({ outcome: 'failed' });
    expect(await storedIn(at)).toEqual(['run']);
    await expectSameDecisions(at);
  });

  it('a partition that fails on a foreign checkpoint → the run and that partition, not the one that completed', async () => {
    const at = runScene();
    const other = runScene();
    makeInputs(at.folder, 2, 2);
    makeInputs(other.folder, 2, 1);
    await (await startRun(client, other.request())).result();
    const tuning = { partitionSize: 1, openPartitions: 1 };
    const run = await startRun(client, at.request({ delayMs: '300' }, { tuning }));
    await until(() => logLines(at.log).some((line) => line.includes('s01')));
    copyFileSync(join(other.out, 's01_FAKE.pt'), join(at.out, 's01_FAKE.pt'));
    expect(await run.result()).toMatchObject({
      outcome: 'checkpoint',
      failureType: FailureType.CheckpointIncompatible,
    });
    expect(await storedIn(at)).toEqual(['partition', 'run']);
    await expectSameDecisions(at);
  });

  it('terminated → the run and its open partition; started again → only the missing rows are embedded', async () => {
    const at = runScene();
    makeInputs(at.folder, 2, 30);
    const request = at.request({ delayMs: '40' }, { batchSize: 4, tuning: { heartbeatTimeoutMs: 3000 } });
    const run = await startRun(client, request);
    await until(() => logLines(at.log).length > 20);
    await client.workflow.getHandle(run.workflowId).terminate('test');
    expect(await run.result()).toMatchObject({ outcome: 'failed', message: expect.stringContaining('terminated') });
    expect(await storedIn(at)).toEqual(['partition', 'run']);
    await expectSameDecisions(at);
    expect(await (await startRun(client, request)).result()).toMatchObject({ outcome: 'success', rows: 60 });
    expectContinued(at, 60, { filesInFlight: 2, batchSize: 4 });
  });

  it('timed out → the run', async () => {
    const at = runScene();
    makeInputs(at.folder, 1, 30);
    const prepared = await prepareRun(at.request({ delayMs: '100' }));
    const { workflowId } = prepared;
    const options = { workflowId, taskQueue: 'virnucpro', args: [prepared.input], workflowRunTimeout: '2 seconds' };
    await client.workflow.start(WORKFLOW_EMBEDDING_RUN, options);
    const found = { workflowId, firstRunId: undefined, directory: at.out, attached: true };
    const outcome = await new RunHandle(client, found).result();
    expect(outcome).toMatchObject({ outcome: 'failed', exitCode: 1 });
    expect(await storedIn(at)).toContain('run');
    await expectSameDecisions(at);
  });

  it('nobody waited for a run that failed → its history is stored when the next is started', async () => {
    const at = runScene();
    makeInputs(at.folder, 1, 1);
    writeFileSync(join(at.folder, 'in', 'bad.fa'), 'no FASTA');
    const run = await startRun(client, at.request());
    await client.workflow
      .getHandle(run.workflowId)
      .result()
      .catch(() => {});
    expect(await storedIn(at)).toEqual([]);
    writeFileSync(join(at.folder, 'in', 'bad.fa'), '>good\nACGT\n');
    const next = await startRun(client, at.request());
    expect(await storedIn(at)).toEqual(['run']);
    expect(await next.result()).toMatchObject({ outcome: 'success', embedded: 2 });
    expect(await storedIn(at)).toEqual(['run']);
  });

  it('not wanted → nothing; not possible → a warning, and the outcome all the same', async () => {
    const at = runScene();
    makeInputs(at.folder, 1, 1);
    const request = at.request({ nanOn: 's00_0' });
    const silent = await startRun(client, request, { saveHistories: false });
    expect(await silent.result()).toMatchObject({ outcome: 'partial' });
    expect(await storedIn(at)).toEqual([]);
    mkdirSync(join(at.out, '.virnucpro'), { recursive: true });
    writeFileSync(join(at.out, '.virnucpro', 'histories'), 'a file where the folder should be');
    const warnings: string[] = [];
    const run = await startRun(client, request, { warn: (message) => warnings.push(message) });
    expect(await run.result()).toMatchObject({ outcome: 'partial' });
    const warning: unknown = expect.stringContaining('the history of the run was not saved');
    expect(warnings).toEqual([warning, warning]);
  });

  it('a folder that this host does not see → a warning, and no folder made', async () => {
    const at = runScene();
    makeInputs(at.folder, 1, 1);
    const run = await startRun(client, at.request({ nanOn: 's00_0' }), { saveHistories: false });
    await run.result();
    const elsewhere = join(at.folder, 'elsewhere');
    const warnings: string[] = [];
    const warn = (message: string) => void warnings.push(message);
    const found = { workflowId: run.workflowId, firstRunId: undefined, directory: elsewhere, attached: true };
    const handle = new RunHandle(client, found, { warn });
    expect(await handle.result()).toMatchObject({ outcome: 'partial' });
    expect(warnings).toEqual([expect.stringContaining('ENOENT')]);
    expect(readdirSync(at.folder)).not.toContain('elsewhere');
  });
});

/** Every row was embedded, and again only those of the batches that were in flight. */
function expectContinued({ log }: RunScene, rows: number, open: { filesInFlight: number; batchSize: number }): void {
  expect(embeddedTimes(log).size).toBe(rows);
  expect(logLines(log).length - rows).toBeLessThanOrEqual(2 * open.filesInFlight * open.batchSize);
}

describe('a workflow that cannot go on with the code of a worker', () => {
  it('→ found as failing, replays with the right code, parts with the wrong one; goes on with the right worker', async () => {
    const at = runScene();
    makeInputs(at.folder, 4, 10);
    const taskQueue = 'deployed';
    const good = await serve({ role: 'io', taskQueue });
    const tuning = { maxInFlight: 1, openPartitions: 1 };
    const run = await startRun(client, at.request({ delayMs: '60' }, { tuning }), { taskQueue });
    await until(() => logLines(at.log).length > 0);
    await good.stop();
    const bundle = brokenBundle(at);
    const workerOptions: Partial<WorkerOptions> = { workflowBundle: { codePath: bundle } };
    const broken = await serve({ role: 'io', taskQueue, workerOptions });
    const stuck = await firstTroubled(run.workflowId);
    await broken.stop();

    const history = await fetchHistory(client, stuck);
    expect((await verdictsOf([history]))[0]?.divergence).toBeUndefined();
    const [verdict] = await verdictsOf([history], bundle);
    expect(verdict).toMatchObject({
      divergence: expect.stringContaining("'embedFile' does not match activity type of activity command 'embedAnew'"),
      partsAt: { id: 5, type: 'ActivityTaskScheduled', about: 'embedFile' },
    });

    const mended = await serve({ role: 'io', taskQueue });
    expect(await run.result()).toMatchObject({ outcome: 'success', embedded: 4, rows: 40 });
    await mended.stop();
    expect(Math.max(...embeddedTimes(at.log).values())).toBe(1);
  });
});

/** The workflow code of this version, but with another activity in the place of `embedFile`. */
function brokenBundle({ folder }: RunScene): string {
  const code = readFileSync(workflowBundlePath(), 'utf8');
  const broken = code.replaceAll('.embedFile(', '.embedAnew(');
  expect(broken).not.toBe(code);
  const path = join(folder, 'broken-bundle.js');
  writeFileSync(path, broken);
  return path;
}

/** The first execution of a run or of its partitions that is listed as being in trouble. */
async function firstTroubled(workflowId: string): Promise<{ workflowId: string; runId: string }> {
  for (;;) {
    for await (const execution of failedExecutions(client)) {
      if (execution.workflowId.startsWith(`${workflowId}-`)) return execution;
    }
  }
}

describe('a run that failed, started again', () => {
  it('a record that cannot be embedded, then another embedder option → only the rows that were missing', async () => {
    const at = runScene();
    makeInputs(at.folder, 2, 10);
    const bad = await (await startRun(client, at.request({ failOn: 's01_7' }, { batchSize: 2 }))).result();
    expect(bad).toMatchObject({ outcome: 'partial', embedded: 1, failed: 1 });
    truncateSync(at.log, 0);
    const run = await startRun(client, at.request({}, { batchSize: 2 }));
    expect(await run.result()).toMatchObject({ outcome: 'success', found: 1, embedded: 1, rows: 20 });
    const missing = logLines(at.log).map((line) => line.replace(/^.*\//u, ''));
    expect(missing).toContain('s01.fa\t7');
    expect(missing.length).toBeLessThanOrEqual(4);
    expect(Object.keys(await contentsOf(at.out))).toEqual(['s00_FAKE.pt', 's01_FAKE.pt']);
  });

  it('a corrupted checkpoint, then recompute → that file alone', async () => {
    const at = runScene();
    makeInputs(at.folder, 3, 2);
    await (await startRun(client, at.request())).result();
    truncateSync(join(at.out, 's01_FAKE.pt'), 10);
    expect(await (await startRun(client, at.request())).result()).toMatchObject({ outcome: 'checkpoint' });
    await expectSameDecisions(at);
    truncateSync(at.log, 0);
    const run = await startRun(client, at.request({}, { onBadCheckpoint: 'recompute' }));
    expect(await run.result()).toMatchObject({ outcome: 'success', found: 2, embedded: 1 });
    expect([...embeddedTimes(at.log).keys()]).toEqual(['s01.fa:0', 's01.fa:1']);
  });
});
