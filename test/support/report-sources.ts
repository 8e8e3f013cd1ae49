import type { PageSources } from '../../src/report/page/build.ts';
import type { SampledScatter } from '../../src/report/scatter/make-scatters.ts';
import type { Attempt, Timeline } from '../../src/report/timeline/read.ts';
import type { ReadReport } from '../../src/run/report-schema.ts';

export interface SyntheticRun {
  files: number;
  embedders?: readonly string[];
  /** Of the input file, without its folder. */
  nameOf?: (file: number) => string;
  /** Of a sampled row. */
  idOf?: (row: number) => string;
  slots?: number;
  processes?: number;
  /** Every so many tasks fail, or are lost with their worker and tried again. */
  troubleEvery?: number;
  sampledRows?: number;
}

const STARTED = Date.parse('2026-01-02T03:04:05.000Z');
const TASK_MS = 400;
const DIGEST = '0123456789abcdef'.repeat(4);
const ROWS = 100;

/** What a page is made from, for a run of any size that never was. */
export function syntheticSources(run: SyntheticRun): PageSources {
  const { embedders = ['kmer'], sampledRows = 2000 } = run;
  const report = reportOf(run);
  return {
    directory: '/runs/synthetic',
    madeAt: new Date(STARTED + 3_600_000),
    report,
    timeline: timelineOf(run, report),
    executions: [],
    scatters: embedders.map((embedder) => scatterOf(embedder, report, run, sampledRows)),
    notes: [],
  };
}

function reportOf({ files, embedders = ['kmer'], nameOf = plainName, troubleEvery = 0 }: SyntheticRun): ReadReport {
  const checkpoints = embedders.flatMap((embedder) =>
    Array.from({ length: files }, (_, file) => {
      const about = {
        path: `${nameOf(file)}_${embedder.toUpperCase()}.pt`,
        input: `/data/${nameOf(file)}.fa`,
        embedder,
      };
      if (troubleEvery > 0 && file % troubleEvery === 1) {
        return {
          ...about,
          result: 'failed' as const,
          reason: `record "x" of ${nameOf(file)} cannot be embedded`,
          attempts: 1,
        };
      }
      return {
        ...about,
        result: 'embedded' as const,
        rows: ROWS,
        bytes: 123_456,
        sha256: DIGEST,
        attempts: 1,
        embedSeconds: 0.4,
      };
    }),
  );
  const failed = checkpoints.filter(({ result }) => result === 'failed').length;
  const embedded = checkpoints.length - failed;
  return {
    ...{ schema: 1, outcome: failed > 0 ? 'partial' : 'success', exitCode: failed > 0 ? 2 : 0 },
    ...{
      tasks: checkpoints.length,
      found: 0,
      embedded,
      failed,
      skipped: 0,
      skippedSequences: 0,
      rows: embedded * ROWS,
    },
    ...{ message: 'synthetic', report: 'report.json', runId: 'run', workflowId: 'virnucpro-run', workflowRunId: 'x' },
    startedAt: new Date(STARTED).toISOString(),
    finishedAt: new Date(STARTED + 3_600_000).toISOString(),
    ...{ seconds: 3600, validation: 'structure', absentInputs: [], notes: [], checkpoints },
  };
}

function plainName(file: number): string {
  return `sample_${String(file).padStart(6, '0')}`;
}

function timelineOf({ slots = 8, processes = 2, troubleEvery = 0 }: SyntheticRun, report: ReadReport): Timeline {
  const lanes = slots * processes;
  const attempts: Attempt[] = [];
  for (const [at, { path: task, embedder, result }] of report.checkpoints.entries()) {
    const begin = STARTED + 1000 + Math.floor(at / lanes) * (TASK_MS + 10) + (at % lanes);
    const place = { process: at % processes, slot: Math.floor(at / processes) % slots, task, embedder, waited: 0 };
    const end = begin + TASK_MS;
    if (troubleEvery > 0 && at % troubleEvery === 2) {
      attempts.push({ ...place, attempt: 1, begin: begin - TASK_MS / 2, end: begin, result: 'lost', rows: 10 });
    }
    const attempt = { ...place, attempt: 1, begin, end, rows: ROWS };
    attempts.push(
      result === 'failed'
        ? { ...attempt, result: 'failed', rows: 0, reason: 'it failed' }
        : { ...attempt, result: 'embedded' },
    );
  }
  return {
    processes: Array.from({ length: processes }, (_, at) => ({
      ...{ event: 'process', version: 1, t: STARTED, host: `node-${at}`, pid: 100 + at, package: '0.1.0' },
      ...{ node: 'v20.0.0', platform: 'Linux 6 x64' },
    })),
    attempts: attempts.toSorted((a, b) => a.begin - b.begin),
    rows: attempts.map(({ begin, embedder, rows }) => ({ event: 'rows', t: begin, ms: 250, embedder, rows })),
    models: [],
    saved: [],
    notes: [],
  };
}

function scatterOf(
  embedder: string,
  report: ReadReport,
  { idOf = (row) => `contig_${row}` }: SyntheticRun,
  rows: number,
): SampledScatter {
  const inputs = report.checkpoints.filter((one) => one.embedder === embedder).map(({ input }) => input);
  return {
    ...{ embedder, dim: 136, rows: report.rows, files: inputs.length, sampledRows: rows, sampledFiles: inputs.length },
    explained: [0.4, 0.2],
    inputs,
    points: Array.from({ length: rows }, (_, at) => {
      return { x: Math.sin(at) * 1.2345678, y: Math.cos(at * 1.1) * 0.98765, id: idOf(at), input: at % inputs.length };
    }),
  };
}
