import * as fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { entryUrl } from '../platform/entry-url.ts';
import { readReport } from '../run/report.ts';
import { checkpointDetails } from './details.ts';
import { predictionPage } from './prediction/page.ts';
import type { ReportTasks } from './report-tasks.ts';
import { requireReport } from './require-report.ts';
import { runPage, timelineOf } from './run-page.ts';

/** Runs in a thread: reading timelines and rows and decomposing them takes seconds and must not delay a heartbeat. */
export const details: ReportTasks['details'] = async ({ directory, plan, startedAt }) =>
  checkpointDetails(timelineOf(directory, plan, startedAt), await readReport(directory));

export const page: ReportTasks['page'] = async ({ directory, madeAt }) => {
  const { kind, report } = await requireReport(directory);
  const template = fs.readFileSync(fileURLToPath(entryUrl(import.meta.url, './browser/page.html')), 'utf8');
  if (kind === 'prediction') return predictionPage(template, directory, report, madeAt);
  return runPage(template, directory, report, madeAt);
};
