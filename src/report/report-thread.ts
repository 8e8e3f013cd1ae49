import * as fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { entryUrl } from '../platform/entry-url.ts';
import { readReport } from '../run/report.ts';
import type { ReadReport } from '../run/report-schema.ts';
import { checkpointDetails } from './details.ts';
import type { PageSources } from './page/build.ts';
import { fitPage } from './page/fit.ts';
import type { ReportTasks } from './report-tasks.ts';
import { makeScatters } from './scatter/make-scatters.ts';
import { readExecutions } from './timeline/executions.ts';
import { requireReport } from './require-report.ts';
import { timelineOfPlan } from './timeline/place.ts';
import { ofExecution, readTimeline, type Timeline } from './timeline/read.ts';

/** Reading rows for the pictures ends here; what was read is shown. */
const READING_MS = 15_000;

const NOTHING: Timeline = { processes: [], attempts: [], rows: [], models: [], saved: [], notes: [] };

/** Runs in a thread: reading timelines and rows and decomposing them takes seconds and must not delay a heartbeat. */
export const details: ReportTasks['details'] = async ({ directory, plan, startedAt }) =>
  checkpointDetails(timelineOf(directory, plan, startedAt), await readReport(directory));

export const page: ReportTasks['page'] = async ({ directory, madeAt }) => {
  const report = await requireReport(directory);
  const { scatters, notes } = makeScatters(directory, report, Date.now() + READING_MS);
  const told = toldOf(directory, report);
  const template = fs.readFileSync(fileURLToPath(entryUrl(import.meta.url, './browser/page.html')), 'utf8');
  return fitPage(template, { directory, madeAt, report, ...told, scatters, notes });
};

/** A page without its timeline still is worth having. */
function toldOf(directory: string, report: ReadReport): Pick<PageSources, 'timeline' | 'executions'> {
  try {
    const executions = readExecutions(directory);
    if (report.plan === undefined) return { executions, timeline: NOTHING };
    return { executions, timeline: timelineOf(directory, report.plan, report.startedAt) };
  } catch (error) {
    const notes = [`the timeline was not read: ${(error as Error).message}`];
    return { executions: [], timeline: { ...NOTHING, notes } };
  }
}

function timelineOf(directory: string, plan: string, startedAt: string): Timeline {
  return ofExecution(readTimeline(timelineOfPlan(directory, plan)), Date.parse(startedAt));
}
