import type { Client } from '@temporalio/client';
import { prepareRun, startPrepared, type RunOptions, type RunStatus } from '../../client/index.ts';
import type { RunOutcome } from '../../contract/outcome.ts';
import type { TypedOutcome } from '../../contract/typed-outcome.ts';
import type { RunReport } from '../../run/report.ts';
import type { Ending } from '../session/ending.ts';
import type { Progress } from '../session/progress-view.ts';
import { reportIn } from '../session/report-of-end.ts';
import type { LocalTuning, PreparedJob, SessionJob } from '../session/session-job.ts';
import { resultOfLeaving, resultOfRun, type EmbedResult } from './embed-result.ts';

/** What a session does for `virnucpro embed`. */
export class EmbedJob implements SessionJob<RunStatus, TypedOutcome, EmbedResult> {
  readonly out: string;
  readonly noun = 'run';
  readonly embedders: readonly string[];
  readonly needsEmbedders = 'at once';
  readonly resultOfLeaving = resultOfLeaving;
  readonly #options: RunOptions;
  readonly #startedAt: number;

  /** @param out folder as the user has named it */
  constructor(options: RunOptions, out: string, startedAt: number) {
    this.#options = options;
    this.#startedAt = startedAt;
    this.out = out;
    this.embedders = options.embedders.map(({ name }) => name);
  }

  async prepare(tuning: LocalTuning | undefined): Promise<PreparedJob<RunStatus, TypedOutcome>> {
    const prepared = await prepareRun({ ...this.#options, ...(tuning === undefined ? {} : { tuning }) });
    return {
      workflowId: prepared.workflowId,
      runId: prepared.input.runId!,
      start: (client: Client, options) => startPrepared(client, prepared, options),
    };
  }

  describeAttached({ found, embedded, total }: RunStatus): string {
    return `${found + embedded}/${total} done`;
  }

  news({ message }: RunStatus): string[] {
    return message === undefined ? [] : [message];
  }

  async lateNews(): Promise<string | undefined> {
    const report = await reportIn<RunReport>(this.#options.directory);
    const isOurs = report !== undefined && Date.parse(report.finishedAt) >= this.#startedAt;
    return isOurs ? report.planned : undefined;
  }

  progressOf(status: RunStatus): Progress {
    const { phase, paused, spooledRows, openRows } = status;
    return {
      ...filesOf(status, status.total, `${spooledRows}/${openRows} rows of open files`),
      phase: paused ? 'paused' : phase,
    };
  }

  finalProgress(outcome: RunOutcome): Progress {
    return { ...filesOf(outcome, outcome.tasks, `${outcome.rows} rows`), phase: outcome.outcome };
  }

  resultOf(outcome: RunOutcome, ending: Ending): Promise<EmbedResult> {
    return resultOfRun(this.out, outcome, ending);
  }
}

type Counts = Pick<RunOutcome, 'found' | 'embedded' | 'failed' | 'skipped'>;

function filesOf({ found, embedded, failed, skipped }: Counts, total: number, rows: string): Omit<Progress, 'phase'> {
  const done = found + embedded + failed + skipped;
  return { done, total, counts: [`${done}/${total} files`, rows] };
}
