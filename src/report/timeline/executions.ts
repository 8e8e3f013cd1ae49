import * as fs from 'node:fs';
import * as path from 'node:path';
import type { RunReport } from '../../run/report.ts';
import { timelineFolder } from './place.ts';

const FILE = 'runs.jsonl';
/** The last of them; a line is about 300 bytes. */
const MAX_BYTES = 1 << 20;
/** Timelines of so many plans are kept, the last ones. */
const MAX_TIMELINES = 8;

/** DIR/.virnucpro/timeline/runs.jsonl: one line for each run that has ended, in order. */
export type Execution = Pick<
  RunReport,
  'startedAt' | 'finishedAt' | 'outcome' | 'workflowRunId' | 'tasks' | 'found' | 'embedded' | 'failed' | 'rows'
>;

/** Adds a run that has ended to those before it; for the calling thread, since it is one short line. */
export function recordExecution(directory: string, report: Execution): void {
  const { startedAt, finishedAt, outcome, workflowRunId, tasks, found, embedded, failed, rows } = report;
  const line = { startedAt, finishedAt, outcome, workflowRunId, tasks, found, embedded, failed, rows };
  fs.mkdirSync(timelineFolder(directory), { recursive: true });
  fs.appendFileSync(path.join(timelineFolder(directory), FILE), `${JSON.stringify(line)}\n`);
}

/** Runs that have ended, the oldest first; of one that was reported more than once, the last line counts. */
export function readExecutions(directory: string): Execution[] {
  const executions = new Map<string, Execution>();
  for (const line of readTail(path.join(timelineFolder(directory), FILE)).split('\n')) {
    const execution = parse(line);
    if (execution === undefined) continue;
    executions.delete(execution.workflowRunId);
    executions.set(execution.workflowRunId, execution);
  }
  return [...executions.values()];
}

/** Removes the timelines of all but the last plans: each takes up to some tens of MB. */
export function forgetOldTimelines(directory: string): void {
  const folder = timelineFolder(directory);
  const plans = fs
    .readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ place: path.join(folder, name), at: fs.statSync(path.join(folder, name)).mtimeMs }));
  for (const { place } of plans.toSorted((a, b) => b.at - a.at).slice(MAX_TIMELINES)) {
    fs.rmSync(place, { recursive: true, force: true });
  }
}

function readTail(file: string): string {
  try {
    return fs.readFileSync(file).subarray(-MAX_BYTES).toString();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function parse(line: string): Execution | undefined {
  try {
    const value = JSON.parse(line) as Partial<Execution> | null;
    const isOne = typeof value?.workflowRunId === 'string' && typeof value.startedAt === 'string';
    return isOne ? (value as Execution) : undefined;
  } catch {
    return undefined;
  }
}
