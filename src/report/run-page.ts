import type { ReadReport } from '../run/report-schema.ts';
import type { PageSources } from './page/build.ts';
import { fitPage } from './page/fit.ts';
import { makeScatters } from './scatter/make-scatters.ts';
import { readExecutions } from './timeline/executions.ts';
import { timelineOfPlan } from './timeline/place.ts';
import { ofExecution, readTimeline, type Timeline } from './timeline/read.ts';

/** Reading rows for the pictures ends here; what was read is shown. */
const READING_MS = 15_000;

const NOTHING: Timeline = { processes: [], attempts: [], rows: [], models: [], saved: [], notes: [] };

/** The page of an embedding run, in the calling thread. */
export function runPage(template: string, directory: string, report: ReadReport, madeAt: Date): string {
  const { scatters, notes } = makeScatters(directory, report, Date.now() + READING_MS);
  return fitPage(template, { directory, madeAt, report, ...toldOf(directory, report), scatters, notes });
}

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

/** What was told of one execution of a plan. */
export function timelineOf(directory: string, plan: string, startedAt: string): Timeline {
  return ofExecution(readTimeline(timelineOfPlan(directory, plan)), Date.parse(startedAt));
}
