import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRun, type RunOptions } from '../../src/client/index.ts';
import type { PageData } from '../../src/report/page/page-data.ts';
import type { RunReport } from '../../src/run/report.ts';
import { Command, runCommand } from '../support/command.ts';
import { endAll } from '../support/processes.ts';
import { reportErrors } from '../support/report-schema.ts';
import { logLines, makeInputs } from '../support/run-folder.ts';
import { until } from '../support/run-scene.ts';
import { startTemporal, type Temporal } from '../support/temporal.ts';

const FILES = 3;
const RECORDS = 120;

/** One folder through its life: a run whose worker is killed and in which a file fails, and a second start. */
describe('the report of a run with a killed worker and a file that fails', () => {
  let temporal: Temporal;
  let folder = '';
  let out = '';
  let first: RunReport;
  let firstPage: PageData;
  let second: RunReport;

  const report = () => JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as RunReport;
  const page = () => dataOf(readFileSync(join(out, 'report.html'), 'utf8'));
  const worker = async () => {
    const args = ['worker', '--address', temporal.server.address];
    const command = new Command(args, { stateHome: join(folder, 'state'), cwd: folder });
    await command.said('serving all');
    return command;
  };

  beforeAll(async () => {
    temporal = await startTemporal();
    folder = mkdtempSync(join(tmpdir(), 'virnucpro-report-'));
    mkdirSync(join(folder, 'state'));
    out = join(folder, 'out');
    const log = join(folder, 'fake.log');
    const request = (options: Record<string, string>): RunOptions => ({
      ...{ directory: out, inputs: [makeInputs(folder, FILES, RECORDS)], batchSize: 8 },
      embedders: [{ name: 'kmer' }, { name: 'fake', options: { log, ...options } }],
      tuning: { heartbeatTimeoutMs: 5000 },
    });
    const doomed = await worker();
    const run = await startRun(temporal.client, request({ delayMs: '20', failOn: 's01_30' }));
    await until(() => logLines(log).length > RECORDS);
    doomed.signalGroup('SIGKILL');
    await doomed.ended;
    const next = await worker();
    await run.result();
    [first, firstPage] = [report(), page()];
    await (await startRun(temporal.client, request({}))).result();
    second = report();
    next.signal('SIGTERM');
    await next.ended;
  });
  afterAll(async () => {
    endAll(join(folder, 'state'));
    await temporal?.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });

  it('report.json → as its schema says', () => {
    expect(reportErrors(first)).toEqual([]);
    expect(reportErrors(second)).toEqual([]);
    expect(first).toMatchObject({ outcome: 'partial', embedded: 5, failed: 1, notes: [] });
  });

  it('the timeline → an attempt lost with its worker, its successor on another one, the failure with its reason', () => {
    const { timeline, strings } = firstPage;
    const bars = timeline!.bars.map(([lane, from, to, kind, , , task, , reason]) => ({
      ...{ pid: timeline!.lanes[lane]!.pid, from, to, kind, task: strings[task], reason: strings[reason] ?? '' },
    }));
    const lost = bars.find(({ kind }) => kind === 'lost')!;
    const after = bars.find(({ task, from }) => task === lost.task && from >= lost.to)!;
    expect(after.pid).not.toBe(lost.pid);
    expect(bars.filter(({ kind }) => kind === 'failed').map(({ task, reason }) => `${task} ${reason}`)).toEqual([
      expect.stringMatching(/^s01_FAKE\.pt .*"s01_30"/u),
    ]);
    expect(first.checkpoints.some(({ attempts = 0 }) => attempts > 1)).toBe(true);
    expect(new Set(first.workers?.map(({ pid }) => pid)).size).toBe(2);
  });

  it('throughput → no more rows than became durable, and all but the last moment of the killed worker', () => {
    const rows = firstPage.throughput!.series.reduce((sum, one) => sum + one.rows, 0);
    expect(rows).toBeLessThanOrEqual(2 * FILES * RECORDS);
    expect(rows).toBeGreaterThan(1.2 * FILES * RECORDS);
  });

  it('digests → those of the files, also of checkpoints that a later run only found', () => {
    const made = [...first.checkpoints, ...second.checkpoints].filter(({ result }) => result !== 'failed');
    const digestOf = (path: string) =>
      createHash('sha256')
        .update(readFileSync(join(out, path)))
        .digest('hex');
    expect(made.map(({ path, sha256 }) => [path, sha256])).toEqual(made.map(({ path }) => [path, digestOf(path)]));
    expect(second).toMatchObject({ outcome: 'success', found: 5, embedded: 1 });
  });

  it('embeddings → every row of every file, with its id', () => {
    const [kmer, fake] = firstPage.scatters;
    expect(kmer).toMatchObject({ sampledRows: FILES * RECORDS, sampledFiles: FILES, dim: 136 });
    expect(fake).toMatchObject({ sampledRows: 2 * RECORDS, dim: 16 });
    expect(kmer?.ids.toSorted()[0]).toBe('s00_0');
  });

  it('a second run of the folder → both are listed', () => {
    expect(page().executions.map(({ outcome, isThis }) => [outcome, isThis])).toEqual([
      ['partial', false],
      ['success', true],
    ]);
  });

  it('virnucpro report, after the folder was moved → the page again', async () => {
    const moved = join(folder, 'moved');
    renameSync(out, moved);
    out = moved;
    const before = page();
    rmSync(join(moved, 'report.html'));
    const options = { stateHome: join(folder, 'state') };
    const { code, stdout } = await runCommand(['report', moved, '--json'], options);
    expect({ code, ...(JSON.parse(stdout) as object) }).toEqual({
      ...{ code: 0, schema: 1, directory: moved, page: join(moved, 'report.html') },
    });
    const { madeAt: _, directory, title, environment: __, ...rest } = page();
    expect({ directory, title }).toEqual({ directory: moved, title: 'moved' });
    expect(before).toMatchObject(rest);
    expect(readdirSync(moved).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    // Runs of earlier versions have no timeline.
    rmSync(join(moved, '.virnucpro', 'timeline'), { recursive: true });
    expect((await runCommand(['report', moved], options)).code).toBe(0);
    expect(page().notes.join()).toContain('no timeline');
  });

  it('virnucpro report of a folder without a report → exit 1, and why', async () => {
    const { code, stdout, stderr } = await runCommand(['report', folder, '--json'], {
      stateHome: join(folder, 'state'),
    });
    expect({ code, page: (JSON.parse(stdout) as { page: unknown }).page }).toEqual({ code: 1, page: null });
    expect(stderr).toContain('report.json is not there');
    expect(existsSync(join(folder, 'report.html'))).toBe(false);
  });
});

function dataOf(html: string): PageData {
  const json = /<script id="report-data" type="application\/json">(?<json>.*?)<\/script>/su.exec(html)?.groups?.[
    'json'
  ];
  return JSON.parse(json ?? '') as PageData;
}
