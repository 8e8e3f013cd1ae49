import type { ProgressView } from './progress-view.ts';
import type { SessionJob, WatchedRun } from './session-job.ts';

/** What is needed to follow a run to its end. */
export interface Following<TStatus extends { troubles: string[] }, TOutcome> {
  run: Pick<WatchedRun<TStatus, TOutcome>, 'progress' | 'result'>;
  job: Pick<SessionJob<TStatus, TOutcome, unknown>, 'news' | 'lateNews' | 'progressOf' | 'finalProgress'>;
  view: ProgressView;
  /** Promises that only ever reject: when there is no point in waiting any longer. */
  hopeless: readonly Promise<never>[];
  /** Is aborted when the run is no longer followed. */
  ended: AbortController;
  say(line: string): void;
}

/**
 * Shows how a run gets on, and what is new of it, until it has ended.
 *
 * @throws what one of the `hopeless` rejects with, or what the run's progress throws while its outcome is not known
 */
export async function followRun<TStatus extends { troubles: string[] }, TOutcome>(
  following: Following<TStatus, TOutcome>,
): Promise<TOutcome> {
  const { run, job, view, hopeless, ended, say } = following;
  const watching = watchProgress(following);
  const unwatchable = new Promise<never>((_, reject) => void watching.catch(reject));
  try {
    const outcome = await Promise.race([run.result(ended.signal), unwatchable, ...hopeless]);
    ended.abort();
    // Once the outcome is known, it does not matter that its progress could not be read.
    const late = (await watching.catch(() => false)) ? undefined : await job.lateNews();
    if (late !== undefined) say(late);
    view.finish(job.finalProgress(outcome));
    return outcome;
  } finally {
    ended.abort();
    await watching.catch(() => {});
    view.stop();
  }
}

/** @returns whether there was any news */
async function watchProgress<TStatus extends { troubles: string[] }, TOutcome>({
  run,
  job,
  view,
  ended,
  say,
}: Following<TStatus, TOutcome>): Promise<boolean> {
  const told = new Set<string>();
  const tell = (line: string, text = line) => {
    if (!told.has(line)) say(text);
    told.add(line);
  };
  let isNews = false;
  for await (const status of run.progress({ signal: ended.signal })) {
    const news = job.news(status);
    isNews ||= news.length > 0;
    for (const line of news) tell(line);
    for (const trouble of status.troubles) tell(trouble, `being tried again: ${trouble}`);
    view.update(job.progressOf(status));
  }
  return isNews;
}
