import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  attachRun,
  connectClient,
  connectionSettings,
  fetchRunHistories,
  readHistoryFile,
  replayHistories,
  startRun,
  storedHistories,
  type ReplayVerdict,
  type RunHandle,
  type RunStatus,
  type WorkflowHistory,
} from '../../src/client/index.ts';
import { FailureType } from '../../src/contract/failure-types.ts';
import { createWorkers, type VirnucproWorkers } from '../../src/worker/index.ts';
import { encryptingConverter, makeKey } from '../support/encrypting-converter.ts';
import { checkpointNames, makeInputs } from '../support/run-folder.ts';
import { runScene, until } from '../support/run-scene.ts';
import { startTemporal, type Temporal } from '../support/temporal.ts';

/** In every folder that a test uses: what the server must never see. */
const SECRET = 'secret-patients';
const MAX_PAYLOAD_BYTES = 64 * 1024;

let temporal: Temporal;
let dataConverter: DataConverter;
let client: Client;
let bare: Client;
let workers: VirnucproWorkers;
let running: Promise<void>;

beforeAll(async () => {
  temporal = await startTemporal();
  const { connection, server } = temporal;
  const settings = connectionSettings({ address: server.address, namespace: 'default' });
  dataConverter = await encryptingConverter(makeKey());
  client = await connectClient(settings, { dataConverter });
  bare = temporal.client;
  const common = { connection, namespace: 'default', address: server.address, log: () => {} };
  workers = await createWorkers({ ...common, dataConverter });
  running = workers.run();
});

afterAll(async () => {
  workers?.shutdown();
  await running;
  await client?.connection.close();
  await temporal?.stop();
});

function scene(files: number, records: number) {
  const at = runScene();
  const folder = join(at.folder, SECRET);
  mkdirSync(folder);
  const inputs = [makeInputs(folder, files, records)];
  const directory = join(folder, 'out');
  const request = (options: Record<string, string> = {}) => ({ ...at.request(options), directory, inputs });
  return { ...at, folder, out: directory, request };
}

async function historiesOf({ workflowId }: RunHandle): Promise<WorkflowHistory[]> {
  const histories: WorkflowHistory[] = [];
  for await (const history of fetchRunHistories(bare, workflowId, 'all')) histories.push(history);
  return histories;
}

async function verdictsOf(histories: readonly WorkflowHistory[], converter = {}): Promise<ReplayVerdict[]> {
  const verdicts: ReplayVerdict[] = [];
  for await (const verdict of replayHistories(histories, converter)) verdicts.push(verdict);
  return verdicts;
}

/** Every text in what the server keeps, that of its payloads' bytes included. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value instanceof Uint8Array) return [Buffer.from(value).toString('latin1')];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}

/** Without those that the server and the SDK make themselves: names of patches, versions of workers. */
function payloadsIn(value: unknown, key = ''): { encoding: string; bytes: number }[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  if (key === 'searchAttributes' || key === 'patch-data') return [];
  const { data, metadata } = value as { data?: unknown; metadata?: Record<string, Uint8Array> };
  if (data instanceof Uint8Array && metadata !== undefined) {
    return [{ encoding: Buffer.from(metadata['encoding'] ?? []).toString(), bytes: data.byteLength }];
  }
  return Object.entries(value).flatMap(([name, inner]) => payloadsIn(inner, name));
}

/** Paths, ids and messages: none of them in any text, every payload encrypted and small. */
function expectNothingInTheClear(stored: unknown): void {
  const texts = textsIn(stored).join('\n');
  for (const secret of [SECRET, 's00', '.pt', 'corrupted', 'Found ', 'embedder']) expect(texts).not.toContain(secret);
  const payloads = payloadsIn(stored);
  expect(payloads.length).toBeGreaterThan(0);
  expect(new Set(payloads.map(({ encoding }) => encoding))).toEqual(new Set(['binary/encrypted']));
  expect(Math.max(...payloads.map(({ bytes }) => bytes))).toBeLessThan(MAX_PAYLOAD_BYTES);
}

describe('a run with an encrypting data converter', () => {
  it('paused, resumed, watched, attached to → success; the server has seen nothing in the clear', async () => {
    const at = scene(8, 4);
    const request = at.request({ delayMs: '150' });
    const run = await startRun(client, { ...request, batchSize: 1, tuning: { maxInFlight: 1 } });
    const seen: RunStatus[] = [];
    let isPaused = false;
    for await (const status of run) {
      seen.push(status);
      if (!isPaused && status.phase === 'embedding') await run.pause();
      if (status.paused && !isPaused) {
        isPaused = true;
        const pending = await client.workflow.getHandle(run.workflowId).describe();
        expectNothingInTheClear(pending.raw);
        await (await attachRun(client, { directory: at.out })).resume();
      }
    }
    expect(isPaused).toBe(true);
    expect(seen.at(-1)).toMatchObject({
      phase: 'done',
      paused: false,
      message: 'Found 0/8 checkpoints, resuming 8 files',
    });
    expect(await run.result()).toMatchObject({ outcome: 'success', exitCode: 0, rows: 32 });
    for (const { history } of await historiesOf(run)) expectNothingInTheClear(history);
  });

  it('rows of open tasks → told to who has the key; started again → attached, also by its id', async () => {
    const at = scene(1, 400);
    const run = await startRun(client, { ...at.request({ delayMs: '100' }), batchSize: 1 });
    let rows = 0;
    for await (const status of run.progress({ intervalMs: 100 })) {
      rows = status.spooledRows;
      if (rows > 0) break;
    }
    expect(rows).toBeGreaterThan(0);
    const again = await startRun(client, { ...at.request({ delayMs: '100' }), batchSize: 1 });
    expect(again).toMatchObject({ attached: true, workflowId: run.workflowId });
    const byId = await attachRun(client, { workflowId: run.workflowId });
    expect(byId).toMatchObject({ directory: at.out, attached: true });
    await byId.cancel();
    expect(await run.result()).toMatchObject({ outcome: 'cancelled', exitCode: 130 });
  });

  it('a bad checkpoint → the typed outcome with its file; stored and fetched histories replay with the converter only', async () => {
    const at = scene(2, 1);
    await (await startRun(client, at.request())).result();
    truncateSync(join(at.out, checkpointNames(at.out)[0] ?? ''), 10);
    const run = await startRun(client, at.request());
    expect(await run.result()).toMatchObject({
      outcome: 'checkpoint',
      exitCode: 3,
      failureType: FailureType.CheckpointCorrupted,
      offenders: [{ path: 's00_FAKE.pt', reason: expect.stringContaining('corrupted') }],
    });
    const files = await storedHistories(at.out);
    expect(files).toHaveLength(1);
    expect(readFileSync(files[0] ?? '', 'utf8')).not.toContain(SECRET);
    const stored = await Promise.all(files.map(readHistoryFile));
    const fetched = await historiesOf(run);
    for (const { history } of fetched) expectNothingInTheClear(history);
    const verdicts = await verdictsOf([...stored, ...fetched], { dataConverter });
    expect(verdicts.map(({ divergence }) => divergence)).toEqual(verdicts.map(() => undefined));
    await expect(verdictsOf(stored)).rejects.toMatchObject({
      type: FailureType.RunInvalidInput,
      message: expect.stringMatching(/^the history of workflow .* cannot be decoded here: .*--data-converter/u),
    });
    const otherKey = { dataConverter: await encryptingConverter(makeKey()) };
    await expect(verdictsOf(stored, otherKey)).rejects.toThrow(
      'cannot be decoded here: payload encrypted with another key',
    );
  });

  it('100 inputs with long paths → payloads stay small behind the codec, too', async () => {
    const at = scene(1, 1);
    const deep = join(at.folder, 'a-rather-long-folder-name'.repeat(8));
    mkdirSync(deep);
    const inputs = Array.from({ length: 100 }, (_, file) => join(deep, `${file}.fa`));
    for (const input of inputs) writeFileSync(input, '>x\nACGT\n');
    const run = await startRun(client, { ...at.request(), inputs });
    await run.cancel();
    expect(await run.result()).toMatchObject({ outcome: 'cancelled' });
    for (const { history } of await historiesOf(run)) expectNothingInTheClear(history);
  });
});

describe('a client without the converter', () => {
  it('starting on the same folder, attaching, waiting, watching → told what is missing; pause and cancel work', async () => {
    const at = scene(2, 200);
    const request = at.request({ delayMs: '100' });
    const run = await startRun(client, request);
    const refusal = { type: FailureType.RunInvalidInput, message: expect.stringContaining('--data-converter MODULE') };
    await expect(startRun(bare, request)).rejects.toMatchObject(refusal);
    await expect(attachRun(bare, { workflowId: run.workflowId })).rejects.toMatchObject(refusal);
    const blind = await attachRun(bare, { directory: at.out });
    await until(async () => (await run.status()).phase === 'embedding');
    await expect(blind.status()).rejects.toMatchObject(refusal);
    await expect(blind.progress().next()).rejects.toMatchObject(refusal);
    await blind.pause();
    await until(async () => (await run.status()).paused);
    await blind.cancel();
    expect(await run.result()).toMatchObject({ outcome: 'cancelled' });
    await blind.result();
  });

  it('a run that failed → its outcome is not guessed', async () => {
    const at = scene(1, 1);
    await (await startRun(client, at.request())).result();
    truncateSync(join(at.out, 's00_FAKE.pt'), 10);
    const run = await startRun(client, at.request());
    await run.result();
    await expect((await attachRun(bare, { directory: at.out })).result()).rejects.toThrow('cannot be decoded here');
  });
});

describe('a worker without the converter', () => {
  it('→ the run waits, and says why; one with it comes → it goes on', async () => {
    const at = scene(1, 1);
    const { connection, server } = temporal;
    const own = {
      connection,
      namespace: 'default',
      address: server.address,
      log: () => {},
      taskQueue: 'mixed',
      role: 'io',
    } as const;
    const blind = await createWorkers(own);
    const serving = blind.run();
    const run = await startRun(client, at.request(), { taskQueue: 'mixed' });
    await until(async () => (await run.failingWorkflows()).length > 0);
    expect(await run.failingWorkflows()).toMatchObject([
      { workflowId: run.workflowId, reason: 'Unknown encoding: binary/encrypted' },
    ]);
    blind.shutdown();
    await serving;
    const seeing = await createWorkers({ ...own, dataConverter });
    const seeingRuns = seeing.run();
    expect(await run.result()).toMatchObject({ outcome: 'success' });
    seeing.shutdown();
    await seeingRuns;
  });
});
