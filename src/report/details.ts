import type { CheckpointDetails, ReportDetails, RunReport, WorkerFacts } from '../run/report.ts';
import type { ProcessRecord } from './timeline/records.ts';
import type { Timeline } from './timeline/read.ts';

/**
 * What a timeline adds to report.json.
 *
 * @param before the report that is there, whose digests go on being true of files that nobody has published since
 */
export function checkpointDetails(
  { attempts, saved, processes, models, notes }: Timeline,
  before: RunReport | undefined,
): ReportDetails {
  const checkpoints = digestsOf(before);
  const of = (task: string) => {
    let one = checkpoints.get(task);
    if (one === undefined) checkpoints.set(task, (one = {}));
    return one;
  };
  for (const { task, begin, end } of attempts) {
    const one = of(task);
    one.attempts = (one.attempts ?? 0) + 1;
    one.embedSeconds = Math.round((one.embedSeconds ?? 0) * 1000 + (end - begin)) / 1000;
  }
  for (const { task, sha256, bytes } of saved) if (isDigest(sha256)) Object.assign(of(task), { sha256, bytes });
  return { checkpoints, workers: processes.map((one, at) => workerFacts(one, embeddersOf(models, at))), notes };
}

function digestsOf(before: RunReport | undefined): Map<string, CheckpointDetails> {
  const checkpoints: unknown = before?.checkpoints;
  const known = new Map<string, CheckpointDetails>();
  for (const { path, sha256, bytes } of Array.isArray(checkpoints) ? (checkpoints as RunReport['checkpoints']) : []) {
    if (typeof path === 'string' && isDigest(sha256) && typeof bytes === 'number') known.set(path, { sha256, bytes });
  }
  return known;
}

function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/u.test(value);
}

function embeddersOf(models: Timeline['models'], process: number): WorkerFacts['embedders'] {
  const mine = models.filter((one) => one.process === process).map(({ model }) => [model.embedder, model.environment]);
  return mine.length === 0 ? undefined : (Object.fromEntries(mine) as WorkerFacts['embedders']);
}

function workerFacts(worker: ProcessRecord, embedders: WorkerFacts['embedders']): WorkerFacts {
  const { host, pid, t, package: version, node, platform } = worker;
  const facts = { host, pid, startedAt: new Date(t).toISOString(), package: version, node, platform };
  return { ...facts, ...(embedders && { embedders }) };
}
