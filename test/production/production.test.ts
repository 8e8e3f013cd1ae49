import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectClient, connectionSettings, startRun, type RunHandle } from '../../src/client/index.ts';
import { Command } from '../support/command.ts';
import { endAll } from '../support/processes.ts';
import { contentsOf, embeddedTimes, leftovers, logLines, makeInputs, type Content } from '../support/run-folder.ts';
import { Postgres } from './postgres.ts';
import { TemporalServer } from './temporal-server.ts';

const FILES = 12;
const RECORDS = 80;
const BATCH = 8;
const ROWS = FILES * RECORDS;
/** Of each of the 8 files in flight: the batch that is being computed and the one that is being made durable. */
const IN_FLIGHT = 8 * 2 * BATCH;

const folder = mkdtempSync(join(tmpdir(), 'virnucpro-production-'));
const stateHome = join(folder, 'state');
let postgres: Postgres;
let temporal: TemporalServer;
let worker: Command;
let client: Client;
let inputs: string;
/** What an uninterrupted run gives. */
let whole: Record<string, Content>;

/** What npm run test:production has found or built. */
function program(name: string): string {
  const path = process.env[name];
  if (path === undefined) throw new Error(`${name} is not set: run this with npm run test:production`);
  return path;
}

beforeAll(async () => {
  const started = performance.now();
  postgres = await Postgres.create(program('VIRNUCPRO_POSTGRES'));
  report('PostgreSQL made and started', started);
  const [server, sqlTool] = [program('VIRNUCPRO_TEMPORAL_SERVER'), program('VIRNUCPRO_TEMPORAL_SQL')];
  temporal = await TemporalServer.create(server, sqlTool, join(folder, 'temporal'), postgres.port);
  report('Temporal server has its schema and answers', started);
  client = await connectClient(connectionSettings({ address: temporal.address, namespace: 'default' }));
  worker = new Command(['worker', '--role', 'all', '--address', temporal.address], { stateHome });
  await worker.said('serving all');
  inputs = makeInputs(folder, FILES, RECORDS);
});

afterAll(async () => {
  worker?.signal('SIGTERM');
  await worker?.ended;
  endAll(stateHome);
  await client?.connection.close();
  await temporal?.stop();
  await postgres?.stop();
  if (temporal !== undefined) summarize(temporal.log());
  rmSync(folder, { recursive: true, force: true });
});

function report(what: string, since: number): void {
  process.stdout.write(`${what}: ${((performance.now() - since) / 1000).toFixed(1)} s\n`);
}

/** Errors and warnings of the server, by message. */
function summarize(log: string): void {
  const counts = new Map<string, number>();
  for (const line of log.split('\n')) {
    const { level, msg } = parseLine(line);
    if (level === undefined || level === 'info') continue;
    counts.set(`${level}: ${msg}`, (counts.get(`${level}: ${msg}`) ?? 0) + 1);
  }
  const most = [...counts].toSorted(([, a], [, b]) => b - a).slice(0, 15);
  process.stdout.write(`the Temporal server said\n${most.map(([what, count]) => `  ${count} × ${what}\n`).join('')}`);
}

function parseLine(line: string): { level?: string; msg?: string } {
  try {
    return JSON.parse(line) as { level?: string; msg?: string };
  } catch {
    return {};
  }
}

function logOf(name: string): string {
  return join(folder, `${name}.log`);
}

function start(name: string, delayMs: number, heartbeatTimeoutMs = 15_000): Promise<RunHandle> {
  const options = { delayMs: String(delayMs), log: logOf(name) };
  const embedders = [{ name: 'fake', options }];
  const directory = join(folder, name);
  return startRun(client, { directory, inputs: [inputs], embedders, batchSize: BATCH, tuning: { heartbeatTimeoutMs } });
}

async function untilRows(name: string, count: number): Promise<void> {
  while (logLines(logOf(name)).length < count) await sleep(20);
}

async function expectWhole(name: string, run: RunHandle, kills: number): Promise<void> {
  expect(await run.result()).toMatchObject({ outcome: 'success', tasks: FILES, embedded: FILES, rows: ROWS });
  expect(await contentsOf(join(folder, name))).toEqual(whole);
  expect(leftovers(join(folder, name))).toEqual([]);
  const times = embeddedTimes(logOf(name));
  expect(times.size).toBe(ROWS);
  const repeats = logLines(logOf(name)).length - ROWS;
  const retried = await retries(run);
  process.stdout.write(
    `${name}: ${repeats} of ${ROWS} rows computed more than once, ${retried} attempts after the first\n`,
  );
  expect(repeats).toBeLessThanOrEqual(kills * IN_FLIGHT);
}

/** Attempts of activities of the run's partition that were not the first. */
async function retries(run: RunHandle): Promise<number> {
  const { events } = await client.workflow.getHandle(run.workflowId).fetchHistory();
  let count = 0;
  for (const { childWorkflowExecutionStartedEventAttributes: child } of events ?? []) {
    if (!child?.workflowExecution?.workflowId) continue;
    const history = await client.workflow.getHandle(child.workflowExecution.workflowId).fetchHistory();
    const starts = (history.events ?? []).map((event) => event.activityTaskStartedEventAttributes);
    for (const started of starts) count += (started?.attempt ?? 1) - 1;
  }
  return count;
}

/** Kills at thirds of the run, each time with some seconds of silence after it. */
async function withKills(
  name: string,
  kill: () => Promise<void>,
  startAgain: () => Promise<void>,
  { delayMs = 60, heartbeatTimeoutMs }: { delayMs?: number; heartbeatTimeoutMs?: number } = {},
): Promise<void> {
  const started = performance.now();
  const run = await start(name, delayMs, heartbeatTimeoutMs);
  for (const share of [1 / 3, 2 / 3]) {
    await untilRows(name, ROWS * share);
    await kill();
    await sleep(3000);
    await startAgain();
    report(`${name}: killed and started again`, started);
  }
  await expectWhole(name, run, 2);
  report(name, started);
}

describe('a Temporal server on PostgreSQL', () => {
  it('nothing happens → the contents that every other run is compared with', async () => {
    const started = performance.now();
    const run = await start('whole', 0);
    expect(await run.result()).toMatchObject({ outcome: 'success', tasks: FILES, embedded: FILES });
    report('uninterrupted', started);
    whole = await contentsOf(join(folder, 'whole'));
    expect(Object.values(whole).map(({ ids }) => ids.length)).toEqual(Array.from({ length: FILES }, () => RECORDS));
  });

  it('the Temporal server is killed twice and started again → the same contents', async () => {
    await withKills(
      'temporal-killed',
      () => temporal.kill(),
      () => temporal.start(),
    );
  });

  it('PostgreSQL is killed twice and started again → the same contents', async () => {
    await withKills(
      'postgres-killed',
      () => postgres.kill(),
      () => postgres.start(),
    );
    expect(postgres.log()).toContain('database system was not properly shut down; automatic recovery in progress');
  });

  it('both are killed twice, for longer than a heartbeat timeout → tasks are tried again, the same contents', async () => {
    const killBoth = async () => {
      await Promise.all([temporal.kill(), postgres.kill()]);
    };
    const startBoth = async () => {
      await postgres.start();
      await temporal.start();
    };
    await withKills('both-killed', killBoth, startBoth, { delayMs: 250, heartbeatTimeoutMs: 1000 });
  });
});

describe('the same server with matching.enableFairness', () => {
  beforeAll(async () => {
    await temporal.stop();
    temporal.setFairness(true);
    await temporal.start();
  });

  it('two runs on one queue, the server killed meanwhile → the contents of both', async () => {
    const started = performance.now();
    const runs = [await start('fair-1', 40), await start('fair-2', 40)];
    await untilRows('fair-1', ROWS / 2);
    await temporal.kill();
    await temporal.start();
    await expectWhole('fair-1', runs[0]!, 1);
    await expectWhole('fair-2', runs[1]!, 1);
    report('two runs with fairness', started);
  });
});
