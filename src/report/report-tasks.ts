import type { ReportDetails } from '../run/report.ts';

/** What `report-thread.ts` can do. */
export interface ReportTasks {
  /** What the timeline of a run knows of its checkpoints and workers. */
  details(input: { directory: string; plan: string; startedAt: string }): Promise<ReportDetails>;
  /**
   * The page, as HTML.
   *
   * @throws Error where there is no report.json that this version reads; errno errors
   */
  page(input: { directory: string; madeAt: Date }): Promise<string>;
}
