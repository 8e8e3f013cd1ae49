import type { ReadReport } from '../../run/report-schema.ts';
import type { Timeline } from '../timeline/read.ts';
import type { PageContext } from './bars.ts';
import type { PageLimits } from './limits.ts';
import { nextSteps } from './next-steps.ts';
import type { EmbedderFacts, Fact, FactGroup, Summary } from './page-data.ts';
import { shown } from './text.ts';

/** Characters of a value. */
export const MAX_VALUE = 300;

export function summaryOf(report: ReadReport, { limits }: PageContext): Summary {
  const { outcome, exitCode, startedAt, finishedAt, seconds, tasks, found, embedded, failed, skipped } = report;
  const { rows, skippedSequences, checkpoints, error } = report;
  return {
    ...{ outcome, exitCode, startedAt, finishedAt, seconds, tasks, found, embedded, failed, skipped },
    ...{ rows, skippedSequences, message: shown(report.message, 2 * limits.reason), next: nextSteps(report) },
    ...(error && { error: { type: error.type, message: shown(error.message, 2 * limits.reason) } }),
    bytes: checkpoints.reduce((sum, one) => sum + (one.result === 'failed' ? 0 : (one.bytes ?? 0)), 0),
    files: new Set(checkpoints.map(({ input }) => input)).size,
    validationSkipped: report.validation === 'skipped',
  };
}

/** Embedders of the report in the order of its settings. */
export function embedderNames(report: ReadReport): string[] {
  const asked = report.settings?.embedders.map(({ description }) => description.name) ?? [];
  return [...new Set([...asked, ...report.checkpoints.map(({ embedder }) => embedder)])];
}

export function embedderFacts(report: ReadReport, timeline: Timeline, { embedders }: PageContext): EmbedderFacts[] {
  return embedders.map((name) => {
    const settings = report.settings?.embedders.find(({ description }) => description.name === name);
    const mine = report.checkpoints.filter((one) => one.embedder === name && one.result !== 'failed');
    const attempts = timeline.attempts.filter((one) => one.embedder === name);
    const fingerprint = report.fingerprints?.[name] ?? settings?.description.fingerprint ?? {};
    return {
      name: shown(name, MAX_VALUE),
      dim: settings?.description.dim ?? 0,
      kind: settings?.description.kind ?? '',
      fingerprint: factsOf(fingerprint),
      options: factsOf(settings?.options ?? {}),
      tasks: report.checkpoints.filter((one) => one.embedder === name).length,
      rows: mine.reduce((sum, one) => sum + (one.rows ?? 0), 0),
      bytes: mine.reduce((sum, one) => sum + (one.bytes ?? 0), 0),
      computed: attempts.reduce((sum, one) => sum + one.rows, 0),
      activeSeconds: activeMs(attempts) / 1000,
    };
  });
}

/** How long at least one of the attempts was open; they are in the order of their beginnings. */
function activeMs(attempts: readonly { begin: number; end: number }[]): number {
  let active = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { begin, end } of attempts) {
    if (end <= until) continue;
    active += end - Math.max(begin, until);
    until = end;
  }
  return active;
}

export function factsOf(values: Readonly<Record<string, unknown>>): Fact[] {
  return Object.entries(values).map(([name, value]) => [shown(name, MAX_VALUE), shown(String(value), MAX_VALUE)]);
}

/** Where and with what the run was made. */
export function environmentOf(report: ReadReport, directory: string, context: PageContext): FactGroup[] {
  const { server, workers = [] } = report;
  return [runFacts(report, directory), ...(server ? [serverFacts(server)] : []), ...workerFacts(workers, context)];
}

function runFacts(report: ReadReport, directory: string): FactGroup {
  const { settings } = report;
  const facts: Fact[] = [
    ['run folder', shown(directory, MAX_VALUE)],
    ['run', report.runId],
    ['workflow', shown(report.workflowId, MAX_VALUE)],
    ['execution', report.workflowRunId],
    ...(report.plan === undefined ? [] : [['plan', report.plan] satisfies Fact]),
    ['validation', report.validation === 'skipped' ? 'content was not validated' : 'structure of every checkpoint'],
  ];
  if (settings !== undefined) {
    facts.push(['chunk length', settings.chunkLength?.toLocaleString('en-US') ?? 'sequences are not cut']);
    facts.push(['sequences per file', settings.sequencesPerFile.toLocaleString('en-US')]);
  }
  return { title: 'Run', facts };
}

export function serverFacts({ address, namespace }: { address: string; namespace: string }): FactGroup {
  return {
    title: 'Temporal server',
    facts: [
      ['address', shown(address, MAX_VALUE)],
      ['namespace', shown(namespace, MAX_VALUE)],
    ],
  };
}

export function workerFacts(
  workers: NonNullable<ReadReport['workers']>,
  { limits, notes }: { limits: Pick<PageLimits, 'name' | 'workers'>; notes: string[] },
): FactGroup[] {
  if (workers.length > limits.workers)
    notes.push(`workers: the first ${limits.workers} of ${workers.length} processes`);
  return workers.slice(0, limits.workers).map((worker) => ({
    title: `Worker ${shown(worker.host, limits.name)}, process ${worker.pid}`,
    facts: [
      ['virnucpro-temporal', shown(worker.package, MAX_VALUE)],
      ['Node', shown(worker.node, MAX_VALUE)],
      ['system', shown(worker.platform, MAX_VALUE)],
      ['first seen', shown(worker.startedAt.replace('T', ' ').replace(/\.\d+Z$/u, ' UTC'), MAX_VALUE)],
      ...Object.entries(worker.embedders ?? {}).map(([name, environment]): Fact => [
        shown(name, MAX_VALUE),
        shown(factText(environment), MAX_VALUE),
      ]),
    ],
  }));
}

/** `torch 2.9.1, device cuda (NVIDIA H100)` */
function factText(environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
