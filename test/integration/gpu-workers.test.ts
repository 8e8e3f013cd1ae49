import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRun, type RunHandle } from '../../src/client/index.ts';
import type { Command } from '../support/command.ts';
import type { DevServer } from '../support/dev-server.ts';
import { startTemporalWithIoWorker, type Temporal } from '../support/temporal.ts';
import { fakePython } from '../support/fake-python.ts';
import { processesOf } from '../support/processes.ts';
import { embeddedTimes, leftovers, logLines, makeInputs } from '../support/run-folder.ts';
import { workplace, type Workplace } from '../support/workplace.ts';

const BATCH = 5;

let temporal: Temporal;
let server: DevServer;
let client: Client;

beforeAll(async () => {
  temporal = await startTemporalWithIoWorker();
  ({ server, client } = temporal);
});

afterAll(() => temporal?.stop());

/** `virnucpro worker` for the fake embedder. */
function worker(at: Workplace, ...args: string[]): Command {
  return at.start(['worker', '--embedder', 'fake', ...args, '--address', server.address, '--log-format', 'pretty']);
}

/** What a command has said, without times and levels. */
function sayings(stderr: string): string {
  return stderr.replaceAll(/\[\d\d:\d\d:\d\d\] [A-Z]+: /gu, '');
}

/** A supervisor whose two workers, with one task in flight each, serve. */
async function supervisor(at: Workplace): Promise<Command> {
  const command = worker(at, '--role', 'gpu', '--gpus', '0,1', '--slots', '1');
  for (const gpu of [0, 1]) {
    const serving = `GPU ${gpu}: serving gpu for default`;
    await command.until(() => sayings(command.stderr).includes(serving), serving);
  }
  return command;
}

interface Wanted {
  files: number;
  records: number;
  /** Milliseconds per sequence. */
  delayMs: number;
  /** Ids. */
  deviceLostOn?: string;
  embedders?: readonly string[];
}

function embed(at: Workplace, name: string, wanted: Wanted): Promise<RunHandle> {
  const { files, records, delayMs, deviceLostOn, embedders = ['fake'] } = wanted;
  const inputs = [makeInputs(at.path(name), files, records)];
  const faults: Record<string, string> = deviceLostOn === undefined ? {} : { deviceLostOn };
  const options = { delayMs: String(delayMs), log: at.path(`${name}.log`), ...faults };
  return startRun(client, {
    directory: at.path(name, 'out'),
    inputs,
    embedders: embedders.map((one) => (one === 'fake' ? { name: one, options } : { name: one })),
    batchSize: BATCH,
    tuning: { heartbeatTimeoutMs: 2000 },
  });
}

/** The worker process of a GPU: CUDA_VISIBLE_DEVICES of its environment says which. */
function workerOf(at: Workplace, gpu: number): number | undefined {
  const workers = processesOf(at.stateHome).filter(({ command }) => / worker --role gpu --embedder/u.test(command));
  return workers.find(({ pid }) => visibleDevices(pid) === String(gpu))?.pid;
}

function visibleDevices(pid: number): string | undefined {
  const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  return variables.find((text) => text.startsWith('CUDA_VISIBLE_DEVICES='))?.split('=')[1];
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

/** How often each sequence of a run was embedded, as a list of counts. */
function counts(at: Workplace, name: string): number[] {
  return [...embeddedTimes(at.path(`${name}.log`)).values()];
}

describe('worker --gpus', () => {
  it('a worker per GPU; one is killed → started again; SIGTERM → tasks handed back, nothing left', async () => {
    const at = workplace();
    const gpus = await supervisor(at);
    const run = await embed(at, 'run', { files: 4, records: 20, delayMs: 10 });
    await until(() => logLines(at.path('run.log')).length >= 10);
    const [first, second] = [workerOf(at, 0), workerOf(at, 1)];
    process.kill(first!, 'SIGKILL');
    await gpus.said('GPU 0: its worker process ended (killed by SIGKILL); another is started in 1 s');
    await until(() => sayings(gpus.stderr).split('GPU 0: serving').length === 3);
    expect(workerOf(at, 0)).not.toBe(first);
    expect(workerOf(at, 1)).toBe(second);
    expect(await run.result()).toMatchObject({ outcome: 'success', embedded: 4 });

    const next = await embed(at, 'next', { files: 2, records: 60, delayMs: 40 });
    await until(() => logLines(at.path('next.log')).length >= 20);
    gpus.signalGroup('SIGTERM');
    expect((await gpus.ended).code).toBe(0);
    expect(processesOf(at.stateHome)).toEqual([]);
    const other = worker(at, '--role', 'gpu');
    expect(await next.result()).toMatchObject({ outcome: 'success', embedded: 2 });
    expect(counts(at, 'next')).toHaveLength(120);
    // Of each of the two tasks at most the batch that was being computed.
    expect(counts(at, 'next').filter((count) => count > 1).length).toBeLessThanOrEqual(2 * BATCH);
    other.signal('SIGTERM');
    await other.ended;
  });

  it('a device is lost → its worker only, named; so is the last one → exit code 1; the files are done elsewhere', async () => {
    const at = workplace();
    const gpus = await supervisor(at);
    const first = await embed(at, 'first', { files: 2, records: 20, delayMs: 20, deviceLostOn: 's00_15' });
    expect(await first.result()).toMatchObject({ outcome: 'success', embedded: 2, rows: 40 });
    await gpus.until(() => gpus.stderr.includes('the device is lost; it is left alone'), 'the loss is told');
    const lost = /GPU (\d): the device is lost; it is left alone/u.exec(gpus.stderr)?.[1];
    expect(lost).toBeDefined();
    expect(sayings(gpus.stderr)).toContain(`GPU ${lost}: embedder fake is no longer served here, its device is lost: `);
    expect(workerOf(at, Number(lost))).toBeUndefined();
    expect(workerOf(at, 1 - Number(lost))).toBeDefined();

    const second = await embed(at, 'second', { files: 1, records: 20, delayMs: 0, deviceLostOn: 's00_9' });
    const { code, stderr } = await gpus.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/no GPU is left\n$/u);
    const other = worker(at, '--role', 'gpu');
    expect(await second.result()).toMatchObject({ outcome: 'success', embedded: 1, rows: 20 });
    // The row at which it was lost, and those of its batch, only.
    expect(counts(at, 'second').filter((count) => count > 1).length).toBeLessThan(BATCH);
    other.signal('SIGTERM');
    await other.ended;
  });
});

describe('worker --gpus for a model', () => {
  it('CUDA shows no device → no task is asked for, the GPU is named; none is left → exit code 1', async () => {
    const at = workplace();
    const python = fakePython(at.folder, 'python3', {
      probe: { torch: { version: '2.9.1', cuda: '12.8', nvidia: [] } },
    });
    const served = ['--role', 'gpu', '--embedder', 'esm2-8m', '--gpus', '3', '--address', server.address];
    const args = ['worker', ...served, '--log-format', 'pretty'];
    const { code, stderr } = await at.run(args, { env: { VIRNUCPRO_SIDECAR_PYTHON: python } });
    expect(code).toBe(1);
    expect(sayings(stderr).trim().split('\n')).toEqual([
      'GPU 3: nothing is served: CUDA shows no device: see nvidia-smi',
      'GPU 3: the device is lost; it is left alone until this command is started again',
      'no GPU is left',
    ]);
  });
});

describe('a worker without --gpus that loses its device', () => {
  it('nothing else is served → exit code 86; another one takes the file, which counts no failure', async () => {
    const at = workplace();
    const only = worker(at, '--role', 'gpu');
    await only.said('serving gpu');
    const run = await embed(at, 'run', {
      files: 1,
      records: 30,
      delayMs: 5,
      deviceLostOn: 's00_7,s00_17,s00_22,s00_27',
    });
    const { code, stderr } = await only.ended;
    expect(code).toBe(86);
    expect(stderr).toContain('embedder fake is no longer served here, its device is lost: embedder fake: the device');
    expect((await run.status()).troubles.join()).toContain('the device is lost at record "s00_7"');
    const spool = leftovers(at.path('run', 'out'));
    expect(spool.some((name) => name.endsWith('.rows'))).toBe(true);
    expect(spool.filter((name) => name.includes('fail-'))).toEqual([]);
    const other = worker(at, '--role', 'gpu');
    expect(await run.result()).toMatchObject({ outcome: 'success', rows: 30 });
    expect(existsSync(at.path('run', 'out', 's00_FAKE.pt'))).toBe(true);
    other.signal('SIGTERM');
    await other.ended;
  });

  it('other queues are served, too → those go on', async () => {
    const at = workplace();
    const both = worker(at, '--role', 'gpu', '--embedder', 'kmer');
    await both.said('serving gpu');
    const run = await embed(at, 'run', { files: 1, records: 10, delayMs: 0, deviceLostOn: 's00_7' });
    await both.said('embedder fake is no longer served here');
    const kmer = await embed(at, 'kmer', { files: 2, records: 10, delayMs: 0, embedders: ['kmer'] });
    expect(await kmer.result()).toMatchObject({ outcome: 'success', embedded: 2 });
    await run.cancel();
    expect(await run.result()).toMatchObject({ outcome: 'cancelled' });
    both.signal('SIGTERM');
    expect((await both.ended).code).toBe(0);
  });
});
