import type { RunOutcome } from '../../contract/outcome.ts';
import { readReport } from '../../run/report.ts';
import type { Ending } from './ending.ts';

/** What the reports of a run and of a prediction have in common. */
interface EndReport {
  workflowId: string;
  finishedAt: string;
}

/** DIR/report.json, of a kind that the folder says; undefined if there is none, or none that can be read: it is an extra here. */
export async function reportIn<T extends EndReport>(directory: string): Promise<T | undefined> {
  return (await readReport(directory).catch(() => undefined)) as T | undefined;
}

/** The report that the end of this workflow has written; undefined if there is only one of an earlier one. */
export async function reportOfEnd<T extends EndReport>(
  directory: string,
  outcome: Pick<RunOutcome, 'outcome' | 'report'>,
  ending: Ending,
): Promise<T | undefined> {
  if (outcome.report === '' && outcome.outcome !== 'cancelled') return undefined;
  const report = await reportIn<T>(directory);
  if (outcome.report !== '') return report;
  const isOurs = report?.workflowId === ending.workflowId && Date.parse(report.finishedAt) >= ending.startedAt;
  return isOurs ? report : undefined;
}
