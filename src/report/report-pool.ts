import { Piscina } from 'piscina';
import { entryUrl } from '../platform/entry-url.ts';
import type { ReportTasks } from './report-tasks.ts';

/** Long enough for the two tasks of one run, short enough not to outlive a worker. */
const IDLE_MS = 5000;

let pool: Piscina | undefined;

/**
 * Runs a task of `report-thread.ts` in a thread that is made at first use and does not keep the process alive.
 *
 * @throws the reason of `signal` once it is aborted: the thread is stopped, whatever it was doing
 */
export async function runReportTask<Name extends keyof ReportTasks>(
  name: Name,
  input: Parameters<ReportTasks[Name]>[0],
  signal: AbortSignal,
): Promise<Awaited<ReturnType<ReportTasks[Name]>>> {
  signal.throwIfAborted();
  pool ??= new Piscina({
    filename: entryUrl(import.meta.url, './report-thread.js').href,
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: IDLE_MS,
  });
  try {
    return (await pool.run(input, { name, signal })) as Awaited<ReturnType<ReportTasks[Name]>>;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
