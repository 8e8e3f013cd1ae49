import * as path from 'node:path';
import type { Offender } from '../contract/outcome.ts';
import { readReport, type WorkerFacts } from '../run/report.ts';
import { runReportSchema, type ReadReport } from '../run/report-schema.ts';
import { REPORT } from '../run/run-folder.ts';
import { sideFolder, type SideName } from './paths.ts';
import type { ReportedEmbedding } from './report-types.ts';

const SIDES: readonly SideName[] = ['nucleotide', 'protein'];

/** What the embedding runs of an input have told of themselves. */
export interface SideReports {
  embeddings: ReportedEmbedding[];
  /** Their bad and missing checkpoints, relative to DIR. */
  failures: Offender[];
  workers: WorkerFacts[];
}

/**
 * The reports that lie in the side folders of an input; one that is not there, or is none that this version reads, is left
 * out. Failures and workers are those of runs of this prediction.
 *
 * @param isNow whether something that began then is of this prediction
 * @throws errno errors
 */
export async function readSideReports(
  directory: string,
  stem: string,
  isNow: (startedAt: string) => boolean,
): Promise<SideReports> {
  const found: SideReports = { embeddings: [], failures: [], workers: [] };
  for (const side of SIDES) {
    const folder = sideFolder(stem, side);
    const { data: report } = runReportSchema.safeParse(await readReport(path.join(directory, folder)));
    if (report === undefined) continue;
    const inThisRun = isNow(report.startedAt);
    found.embeddings.push({ ...embeddingOf(report, side, folder), inThisRun });
    if (!inThisRun) continue;
    found.failures.push(...failuresOf(report, folder));
    found.workers.push(...((report.workers ?? []) as WorkerFacts[]));
  }
  return found;
}

function embeddingOf(report: ReadReport, side: SideName, folder: string): Omit<ReportedEmbedding, 'inThisRun'> {
  const { tasks, found, embedded, failed, skipped, skippedSequences, rows } = report;
  const { outcome, runId, workflowId, startedAt, finishedAt, seconds, checkpoints } = report;
  const made = checkpoints.filter(({ result }) => result === 'embedded');
  return {
    ...{ side, directory: folder, report: path.posix.join(folder, REPORT) },
    embedder: report.settings?.embedders[0]?.description.name ?? checkpoints[0]?.embedder ?? '',
    ...{ outcome, runId, workflowId, startedAt, finishedAt, seconds },
    computed: made.reduce((sum, one) => sum + (one.rows ?? 0), 0),
    ...{ tasks, found, embedded, failed, skipped, skippedSequences, rows },
  };
}

function failuresOf({ checkpoints }: ReadReport, folder: string): Offender[] {
  return checkpoints.flatMap(({ path: file, reason }) =>
    reason === undefined ? [] : [{ path: path.posix.join(folder, file), reason }],
  );
}
