import * as fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { entryUrl } from '../platform/entry-url.ts';
import { readReport } from '../run/report.ts';
import { checkpointDetails } from './details.ts';
import { buildPageData } from './page/build.ts';
import { MAX_PAGE_BYTES, PAGE_LIMITS, tighter } from './page/limits.ts';
import { renderPage } from './page/render.ts';
import type { ReportTasks } from './report-tasks.ts';
import { makeScatters } from './scatter/make-scatters.ts';
import { readExecutions } from './timeline/executions.ts';
import { requireReport } from './require-report.ts';
import { timelineOfPlan } from './timeline/place.ts';
import { ofExecution, readTimeline, type Timeline } from './timeline/read.ts';

/** Reading rows for the pictures ends here; what was read is shown. */
const READING_MS = 15_000;
/** Names that are still too long when the limits are a thousandth are no names. */
const MAX_TRIES = 10;

/** Runs in a thread: reading timelines and rows and decomposing them takes seconds and must not delay a heartbeat. */
export const details: ReportTasks['details'] = async ({ directory, plan, startedAt }) =>
  checkpointDetails(timelineOf(directory, plan, startedAt), await readReport(directory));

export const page: ReportTasks['page'] = async ({ directory, madeAt }) => {
  const report = await requireReport(directory);
  const timeline = report.plan === undefined ? NO_TIMELINE : timelineOf(directory, report.plan, report.startedAt);
  const { scatters, notes } = makeScatters(directory, report, Date.now() + READING_MS);
  const sources = { directory, madeAt, report, timeline, scatters, notes, executions: readExecutions(directory) };
  const template = fs.readFileSync(fileURLToPath(entryUrl(import.meta.url, './browser/page.html')), 'utf8');
  let limits = PAGE_LIMITS;
  for (let tries = 1; ; tries++) {
    const html = renderPage(template, buildPageData(sources, limits));
    if (Buffer.byteLength(html) <= MAX_PAGE_BYTES || tries === MAX_TRIES) return html;
    limits = tighter(limits);
  }
};

const NO_TIMELINE: Timeline = { processes: [], attempts: [], rows: [], saved: [], notes: [] };

function timelineOf(directory: string, plan: string, startedAt: string): Timeline {
  return ofExecution(readTimeline(timelineOfPlan(directory, plan)), Date.parse(startedAt));
}
