import type { ReportDetails } from '../run/report.ts';
import { runReportTask } from './report-pool.ts';
import { forgetOldTimelines, recordExecution, type Execution } from './timeline/executions.ts';

/** A timeline that takes longer to read is left out of report.json. */
const MAX_MS = 60_000;

/** What the timeline of a run knows, for its report; where it cannot be read, a note that says so. */
export async function detailsOfRun(
  directory: string,
  plan: string,
  startedAt: string,
  signal: AbortSignal,
): Promise<ReportDetails> {
  try {
    const either = AbortSignal.any([signal, AbortSignal.timeout(MAX_MS)]);
    return await runReportTask('details', { directory, plan, startedAt }, either);
  } catch (error) {
    signal.throwIfAborted();
    return { notes: [`the timeline was not read: ${(error as Error).message}`] };
  }
}

/** Adds a run to those of its folder that have ended, and removes timelines that nobody asks for any more. */
export function finishTimeline(directory: string, execution: Execution): void {
  recordExecution(directory, execution);
  forgetOldTimelines(directory);
}
