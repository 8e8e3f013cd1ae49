import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { RunReport } from '../../src/run/report.ts';
import { freePorts } from '../../src/server/free-ports.ts';
import { readSections, withoutMarkup } from '../support/markdown.ts';
import { OBSERVED, startObservedWorker, type ObservedWorker } from '../support/observed-worker.ts';
import { shippedQueries } from '../support/observability-files.ts';
import { parseQuery } from '../support/promql.ts';
import { REPOSITORY } from '../support/repository.ts';
import { Scrape } from '../support/scrape.ts';
import { workplace } from '../support/workplace.ts';

const { files: FILES, records: RECORDS } = OBSERVED;
const OUR_PREFIX = 'virnucpro_';

let worker: ObservedWorker;
let scrape: Scrape;
let report: RunReport;

beforeAll(async () => {
  worker = await startObservedWorker();
  ({ scrape, report } = worker);
});

afterAll(() => worker?.stop());

describe('metrics of a worker, scraped after a run with faults and one that found a broken checkpoint', () => {
  it('rows, letters and checkpoints → those of the report, exactly', () => {
    expect(scrape.sum('virnucpro_rows_total')).toBe(report.rows);
    expect(scrape.sum('virnucpro_rows_total', { embedder: 'fake' })).toBe(FILES * RECORDS);
    expect(scrape.sum('virnucpro_batch_rows_sum')).toBe(report.rows);
    expect(scrape.sum('virnucpro_letters_total', { embedder: 'kmer' })).toBe(60 * FILES * RECORDS);
    expect(scrape.sum('virnucpro_checkpoints_total', { outcome: 'published' })).toBe(report.embedded);
    const bytes = report.checkpoints.reduce((sum, checkpoint) => sum + (checkpoint.bytes ?? 0), 0);
    expect(scrape.sum('virnucpro_checkpoint_bytes_total')).toBe(bytes);
    expect(scrape.sum('virnucpro_spool_bytes_total')).toBeGreaterThan(4 * report.rows);
    expect(scrape.sum('virnucpro_checkpoint_save_seconds_count')).toBe(report.embedded);
  });

  it('memory for 8 sequences and a crash in each file → halvings and rows computed again', () => {
    expect(scrape.sum('virnucpro_oom_halvings_total', { embedder: 'fake' })).toBeGreaterThan(0);
    expect(scrape.sum('virnucpro_oom_halvings_total', { embedder: 'kmer' })).toBe(0);
    const recomputed = scrape.sum('virnucpro_recomputed_rows_total', { embedder: 'fake', cause: 'retried' });
    // One crash per file, in a batch of at most 8; the other files in flight lose theirs, too.
    expect(recomputed).toBeGreaterThanOrEqual(8);
    expect(recomputed).toBeLessThanOrEqual(FILES * FILES * 8);
  });

  it('attempts and outcomes → as the runs ended', () => {
    expect(scrape.sum('virnucpro_attempts_total', { activity: 'embedFile', result: 'embedded' })).toBe(2 * FILES);
    expect(scrape.sum('virnucpro_planned_tasks_total', { state: 'pending' })).toBe(2 * FILES);
    expect(scrape.sum('virnucpro_planned_tasks_total', { state: 'bad' })).toBe(1);
    expect(scrape.sum('virnucpro_finished_runs_total', { outcome: 'success' })).toBe(1);
    expect(scrape.sum('virnucpro_finished_runs_total', { outcome: 'checkpoint' })).toBe(1);
    expect(scrape.sum('virnucpro_failures_total')).toBe(0);
    expect(scrape.sum('virnucpro_validations_total', { activity: 'planRun', result: 'corrupted' })).toBe(1);
    expect(scrape.sum('virnucpro_validations_total', { activity: 'planRun', result: 'valid' })).toBe(2 * FILES - 1);
    const judged = scrape.sum('virnucpro_validations_total');
    expect(scrape.sum('virnucpro_validation_seconds_count')).toBe(judged);
  });

  it('slots, queues, storage and version → there, within their bounds', () => {
    expect(scrape.sum('virnucpro_slots', { embedder: 'kmer' })).toBe(8);
    expect(scrape.sum('virnucpro_busy_slots')).toBe(0);
    const share = scrape.sum('virnucpro_slot_busy_ratio', { embedder: 'kmer' });
    expect(share).toBeGreaterThanOrEqual(0);
    expect(share).toBeLessThanOrEqual(1);
    expect(scrape.sum('virnucpro_queue_backlog', { task_queue: 'virnucpro-gpu-kmer', kind: 'activity' })).toBe(0);
    const free = scrape.sum('virnucpro_storage_free_bytes');
    expect(free).toBeGreaterThan(0);
    expect(scrape.sum('virnucpro_storage_size_bytes')).toBeGreaterThan(free);
    expect(scrape.sum('virnucpro_build_info')).toBe(1);
    expect(scrape.sum('temporal_workflow_completed_total')).toBeGreaterThan(0);
  });

  it('a record that fails on its own → a failure of its embedder', async () => {
    const later = await Scrape.of(worker.url);
    const failure = { activity: 'embedFile', embedder: 'fake', failure_type: 'EmbeddingError.InvalidInput' };
    expect(later.sum('virnucpro_failures_total', failure)).toBe(1);
    expect(later.sum('virnucpro_attempts_total', { embedder: 'fake', result: 'failed' })).toBe(1);
    expect(later.sum('virnucpro_finished_runs_total', { outcome: 'partial' })).toBe(1);
  });

  it('docs/metrics.md → every metric of ours with its type and labels, and no other', async () => {
    const page = readSections(readFileSync(join(REPOSITORY, 'docs', 'metrics.md'), 'utf8'));
    const [, ...rows] = page.find(({ heading }) => heading === 'Metrics')?.tables[0] ?? [];
    const documented = rows.map(([name = '', type = '', labels = '']) => {
      const sorted = labels.split(', ').filter((label) => label !== '');
      return { name: withoutMarkup(name), type, labels: sorted.toSorted() };
    });
    const later = await Scrape.of(worker.url);
    const labelsByName = later.labelsByName();
    const exported = [...later.types].filter(([name]) => name.startsWith(OUR_PREFIX));
    const found = exported.map(([name, type]) => {
      const labels = [...(labelsByName.get(type === 'histogram' ? `${name}_count` : name) ?? [])];
      return { name, type, labels: labels.toSorted() };
    });
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
    expect(documented.toSorted(byName)).toEqual(found.toSorted(byName));
  });

  it('labels → none that grows with files or runs', () => {
    const ours = [...scrape.labelsByName()].filter(([name]) => name.startsWith(OUR_PREFIX));
    const labels = new Set(ours.flatMap(([, names]) => [...names]));
    const bounded = ['activity', 'cause', 'embedder', 'failure_type', 'kind', 'le', 'level', 'outcome', 'result'];
    expect([...labels].toSorted()).toEqual([...bounded, 'state', 'task_queue', 'version']);
  });
});

describe('dashboard and alerts, against what the worker exports', () => {
  /** Labels that Prometheus adds to what it scrapes. */
  const ADDED = ['job', 'instance'];

  it.each(shippedQueries())('$where → metrics and labels that are there', async ({ expression, legend }) => {
    const later = await Scrape.of(worker.url);
    const exported = later.labelsByName();
    exported.set('up', new Set());
    const { metrics, groupings, made } = parseQuery(expression);
    for (const { name, matchers } of metrics) {
      expect([...exported.keys()]).toContain(name);
      for (const { label, operator, value } of matchers) {
        if (ADDED.includes(label)) continue;
        expect([...(exported.get(name) ?? [])]).toContain(label);
        const pattern = operator.startsWith('=~') ? new RegExp(`^(?:${value})$`, 'u') : undefined;
        const values = later.samples.filter((sample) => sample.name === name).map(({ labels }) => labels[label] ?? '');
        expect(values.filter((one) => pattern?.test(one) ?? one === value)).not.toEqual([]);
      }
    }
    for (const grouping of groupings) {
      const known = grouping.metrics.flatMap((name) => [...(exported.get(name) ?? [])]);
      expect([...known, ...ADDED, ...made]).toEqual(expect.arrayContaining(grouping.labels));
    }
    const known = [...groupings.flatMap(({ labels }) => labels), ...ADDED];
    expect(known).toEqual(expect.arrayContaining(legend));
  });
});

describe('log of the same worker, which goes to a pipe', () => {
  const lines = (): Record<string, unknown>[] =>
    worker
      .log()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it('every line → a JSON object with level, time, pid, host and message', () => {
    for (const line of lines()) {
      expect(line).toMatchObject({ level: expect.any(String), pid: expect.any(Number), host: expect.any(String) });
      expect(new Date(line['time'] as string).toISOString()).toBe(line['time']);
      expect(line['msg']).toEqual(expect.any(String));
    }
    expect(lines().map(({ msg }) => msg)).toContain(`serving all for default at ${worker.temporal.server.address}`);
  });

  it('an attempt that fails → a warning of the SDK that says which run, task, attempt, embedder and queue', () => {
    const { runId, workflowId } = worker.failed;
    expect(lines().filter(({ msg }) => msg === 'Activity failed')).toMatchObject([
      {
        level: 'warn',
        run: runId,
        task: 's00_FAKE.pt',
        attempt: 1,
        embedder: 'fake',
        queue: 'virnucpro-gpu-fake',
        workflowId: expect.stringContaining(workflowId),
        activity: 'embedFile',
        err: { type: 'EmbeddingError.InvalidInput', message: expect.stringContaining('s00_3') },
      },
    ]);
  });

  it('lines of our own activities and of workflows → with run and workflow', () => {
    const planned = lines().filter(({ msg }) => String(msg).startsWith('Found 0/6 checkpoints'));
    const { failed } = worker;
    expect(planned).toMatchObject([
      { level: 'info', run: report.runId, workflowId: report.workflowId, activity: 'planRun', queue: 'virnucpro' },
      { level: 'info', run: failed.runId, workflowId: failed.workflowId, activity: 'planRun', queue: 'virnucpro' },
    ]);
    for (const line of lines()) expect(Object.keys(line)).not.toContain('taskToken');
  });
});

/** The first of two neighbours that nobody uses. */
async function twoFreePortsFrom(): Promise<number> {
  for (;;) {
    const [port = 0] = await freePorts('127.0.0.1', 1);
    const next = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      next.once('error', () => resolve(false)).listen(port + 1, '127.0.0.1', () => resolve(true));
    });
    if (isFree) {
      await new Promise((resolve) => next.close(resolve));
      return port;
    }
  }
}

describe('virnucpro worker --metrics-address', () => {
  it('an address in use → exit 1, and what to do', async () => {
    const taken = createServer();
    onTestFinished(() => void taken.close());
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port));
    });
    const metrics = `127.0.0.1:${port}`;
    const args = ['worker', '--role', 'io', '--address', worker.temporal.server.address, '--metrics-address', metrics];
    const { code, stderr } = await workplace().run(args);
    expect(stderr).toContain(`--metrics-address ${metrics}: Address already in use; another process`);
    expect(code).toBe(1);
  });

  it('two GPUs → a port for each, counted up', async () => {
    const port = await twoFreePortsFrom();
    const at = workplace();
    const args = ['--role', 'gpu', '--embedder', 'fake', '--gpus', '0,1', '--metrics-address', `127.0.0.1:${port}`];
    const supervisor = at.start(['worker', ...args, '--address', worker.temporal.server.address]);
    for (const place of [0, 1]) {
      const url = `http://127.0.0.1:${port + place}/metrics`;
      await supervisor.said(url);
      await supervisor.until(() => supervisor.stderr.split('serving gpu').length === 3, 'both serve');
      expect((await Scrape.of(url)).sum('virnucpro_slots', { embedder: 'fake' })).toBe(8);
    }
    supervisor.signal('SIGTERM');
    const { code, stderr } = await supervisor.ended;
    expect(code).toBe(0);
    const lines = stderr.trimEnd().split('\n');
    const served = lines.map((line) => JSON.parse(line) as { msg: string; gpu?: string });
    const gpus = served.filter(({ msg }) => msg.startsWith('serving gpu')).map(({ gpu }) => gpu);
    expect(new Set(gpus)).toEqual(new Set(['0', '1']));
  });
});
