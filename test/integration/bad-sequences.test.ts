// Sequences that make the embedder fail, through Temporal: found, named, skipped, and never found again by a later attempt.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { closeCheckpointThreads } from '../../src/checkpoint/index.ts';
import { connectClient, connectionSettings, startRun, type RunOptions } from '../../src/client/index.ts';
import { loadPlan, plannedTask } from '../../src/run/plan.ts';
import { taskSpool } from '../../src/run/task-spool.ts';
import { openSpool } from '../../src/spool/index.ts';
import { createWorkers, type VirnucproWorkers } from '../../src/worker/index.ts';
import { startDevServer, type DevServer } from '../support/dev-server.ts';
import { contentOf, embeddedTimes, leftovers, logLines, makeInputs } from '../support/run-folder.ts';

const LIVE = new AbortController().signal;

let server: DevServer;
let connection: NativeConnection;
let client: Client;
let workers: VirnucproWorkers;
let running: Promise<unknown>;

beforeAll(async () => {
  const telemetryOptions = { logging: { filter: 'ERROR', forward: {} } };
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions });
  server = await startDevServer();
  const { address } = server;
  connection = await NativeConnection.connect({ address });
  client = await connectClient(connectionSettings({ address, namespace: 'default' }));
  workers = await createWorkers({ connection, namespace: 'default', address, log: () => {} });
  running = workers.run();
});

afterAll(async () => {
  workers?.shutdown();
  await running;
  await closeCheckpointThreads();
  await client?.connection.close();
  await connection?.close();
  await server?.stop();
});

interface Place {
  folder: string;
  out: string;
  log: string;
}

function place(files: number, records: number): Place {
  const folder = mkdtempSync(join(tmpdir(), 'virnucpro-bad-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  makeInputs(folder, files, records);
  return { folder, out: join(folder, 'out'), log: join(folder, 'fake.log') };
}

/** A run with batches of four. */
function asked({ folder, out, log }: Place, faults: Record<string, string>, mode?: 'fail' | 'skip'): RunOptions {
  return {
    directory: out,
    inputs: [join(folder, 'in')],
    embedders: [{ name: 'fake', options: { log, ...faults } }],
    batchSize: 4,
    ...(mode === undefined ? {} : { onBadSequence: mode }),
  };
}

async function run(at: Place, faults: Record<string, string>, mode?: 'fail' | 'skip') {
  return (await startRun(client, asked(at, faults, mode))).result();
}

/** Lines of a list of failures, paths cut to the file names, in order. */
function listed({ out }: Place, name: 'failed_sequences.txt' | 'failed_files.txt'): string[][] {
  if (!existsSync(join(out, name))) return [];
  const lines = readFileSync(join(out, name), 'utf8').trimEnd().split('\n');
  return lines.map((line) => line.split('|')).map(([file = '', ...rest]) => [basename(file), ...rest]);
}

function idsOf(file: number, ...left: number[]): string[] {
  return Array.from({ length: 10 }, (_, at) => at)
    .filter((at) => !left.includes(at))
    .map((at) => `s0${file}_${at}`);
}

const KINDS = { failOn: 's00_3', nanOn: 's01_0,s01_7', crashOn: 's02_9', oomOn: 's03_4' };

describe('sequences that fail alone: error, NaN, death of the process, out of memory; in files that share the process', () => {
  it('skip → partial: each one listed, all other rows as without them, in order; once more → partial again; mended → success', async () => {
    const at = place(6, 10);
    const allOfOne = idsOf(5).join(',');
    const faults = { ...KINDS, failOn: `${KINDS.failOn},${allOfOne}` };
    const outcome = await run(at, faults, 'skip');
    expect(outcome).toMatchObject({ outcome: 'partial', exitCode: 2, embedded: 5, failed: 1, skippedSequences: 5 });
    expect(outcome.rows).toBe(50 - 5);
    expect(listed(at, 'failed_sequences.txt')).toEqual([
      ['s00.fa', 'fake', 's00_3', expect.stringContaining('option failOn')],
      ['s01.fa', 'fake', 's01_0', expect.stringContaining('NaN')],
      ['s01.fa', 'fake', 's01_7', expect.stringContaining('NaN')],
      ['s02.fa', 'fake', 's02_9', expect.stringContaining('SIGKILL')],
      ['s03.fa', 'fake', 's03_4', expect.stringContaining('out of memory')],
    ]);
    // Nothing else was ever embedded of that file, so nothing says that its sequences are to blame.
    expect(listed(at, 'failed_files.txt').map(([file]) => file)).toEqual(['s05.fa']);
    const left = [[3], [0, 7], [9], [4], []];
    for (const [file, missing] of left.entries()) {
      expect((await contentOf(join(at.out, `s0${file}_FAKE.pt`))).ids).toEqual(idsOf(file, ...missing));
    }

    truncateSync(at.log, 0);
    for (const mode of ['skip', 'fail'] as const) {
      const again = await run(at, { ...KINDS, failOn: 's05_5' }, mode);
      expect(again).toMatchObject({ outcome: 'partial', exitCode: 2, failed: 0, skippedSequences: 6, rows: 54 });
    }
    expect([...embeddedTimes(at.log).keys()].filter((key) => !key.startsWith('s05'))).toEqual([]);

    const before = await contentOf(join(at.out, 's01_FAKE.pt'));
    for (let file = 0; file < 6; file++) rmSync(join(at.out, `s0${file}_FAKE.pt`));
    expect(await run(at, {}, 'fail')).toMatchObject({ outcome: 'success', embedded: 6, rows: 60, skippedSequences: 0 });
    expect(listed(at, 'failed_sequences.txt')).toEqual([]);
    const whole = await contentOf(join(at.out, 's01_FAKE.pt'));
    expect(before.rows).toEqual(whole.rows.filter((_row, row) => row !== 0 && row !== 7));
    expect(leftovers(at.out)).toEqual([]);
  });

  it('fail → each file fails naming its first one; no bad row in a spool; then skip → only what is missing is embedded', async () => {
    const at = place(5, 10);
    const outcome = await run(at, KINDS);
    expect(outcome).toMatchObject({ outcome: 'partial', embedded: 1, failed: 4, skippedSequences: 0, rows: 10 });
    expect(listed(at, 'failed_files.txt')).toEqual([
      ['s00.fa', 'fake', expect.stringMatching(/^record "s00_3" of .*s00\.fa makes the embedder fail on its own/u)],
      ['s01.fa', 'fake', expect.stringContaining('record "s01_0"')],
      ['s02.fa', 'fake', expect.stringContaining('record "s02_9"')],
      [
        's03.fa',
        'fake',
        expect.stringMatching(/given up after 3 attempts.*record "s03_4".* does not fit into memory/u),
      ],
    ]);
    const bad = new Map([
      ['s00', [3]],
      ['s01', [0, 7]],
      ['s02', [9]],
      ['s03', [4]],
    ]);
    const spooled = await spooledRows(at);
    for (const [stem, ordinals] of bad) {
      expect(spooled.get(stem)?.length).toBeGreaterThan(1);
      for (const ordinal of ordinals) expect(spooled.get(stem)).not.toContain(ordinal);
    }

    truncateSync(at.log, 0);
    expect(await run(at, KINDS, 'skip')).toMatchObject({
      outcome: 'partial',
      failed: 0,
      skippedSequences: 5,
      rows: 45,
    });
    const again = [...embeddedTimes(at.log).keys()].map((key) => key.split(':') as [string, string]);
    const known = again.filter(([file, ordinal]) => spooled.get(file.slice(0, 3))?.includes(Number(ordinal)));
    // One that is known to be good may be embedded once more, to show that the embedder works.
    for (const stem of spooled.keys()) expect(known.filter(([file]) => file.startsWith(stem)).length).toBeLessThan(2);
    expect(leftovers(at.out)).toEqual([]);
  });

  it('oomAbove → halved, all rows embedded, and later files do not find it out again', async () => {
    const at = place(6, 8);
    expect(await run(at, { oomAbove: '2' })).toMatchObject({ outcome: 'success', embedded: 6, rows: 48 });
    expect(Math.max(...embeddedTimes(at.log).values())).toBe(1);
  });
});

describe('a sequence that was skipped by an attempt that did not live to the end', () => {
  it('→ the next attempt, of another run, does not try it again', async () => {
    const at = place(1, 400);
    const faults = { nanOn: 's00_1', delayMs: '30' };
    const tuning = { heartbeatTimeoutMs: 3000 };
    const first = await startRun(client, { ...asked(at, faults, 'skip'), tuning });
    const skipLogs = () => leftovers(at.out).filter((name) => basename(name).startsWith('skip-'));
    while (skipLogs().length === 0 || logLines(at.log).length < 16) await sleep(20);
    expect(embeddedTimes(at.log).get('s00.fa:1')).toBe(2);
    await first.cancel();
    expect(await first.result()).toMatchObject({ outcome: 'cancelled' });
    const durable = embeddedTimes(at.log).size;
    const outcome = await run(at, faults, 'skip');
    expect(outcome).toMatchObject({ outcome: 'partial', rows: 399, skippedSequences: 1 });
    expect(durable).toBeLessThan(400);
    expect(embeddedTimes(at.log).get('s00.fa:1')).toBe(2);
    expect(listed(at, 'failed_sequences.txt')).toEqual([['s00.fa', 'fake', 's00_1', expect.stringContaining('NaN')]]);
  });
});

/** Ordinals of the rows in the spools of a run folder, by stem. */
async function spooledRows({ out }: Place): Promise<Map<string, number[]>> {
  const [plan = ''] = readdirSync(join(out, '.virnucpro', 'plans'));
  const loaded = await loadPlan(out, basename(plan, '.jsonl'));
  const rows = new Map<string, number[]>();
  for (const [index, task] of loaded.tasks.entries()) {
    const { folder, shape } = taskSpool(loaded, task, plannedTask(loaded, index).embedder);
    if (!existsSync(join(out, folder))) continue;
    const claim = { host: 'test', pid: 0, workflowId: '', activityId: '', attempt: 0 };
    const spool = await openSpool(join(out, folder), shape, claim, { signal: LIVE });
    rows.set(
      basename(task.input, '.fa'),
      Array.from({ length: shape.rows }, (_, ordinal) => ordinal).filter((ordinal) => spool.has(ordinal)),
    );
    await spool.close();
  }
  return rows;
}
