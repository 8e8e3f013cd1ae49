/** The page of a run folder, report.html, and what it is made from. */
export { makeReportPage, removeReportPage } from './make-page.ts';
export { detailsOfRun, finishTimeline } from './finish-timeline.ts';
export { TimelineObserver } from './timeline/observer.ts';
