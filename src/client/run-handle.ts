import type { RunProgress } from '../contract/progress.ts';
import { outcomeOfError, type TypedOutcome } from '../contract/typed-outcome.ts';
import { DurableHandle } from './durable-handle.ts';
import { pendingWork, type PendingWork } from './pending-work.ts';

/** Progress of the run with what its open activities say. */
export interface RunStatus extends RunProgress, PendingWork {}

/**
 * A run that was started or attached to: made by `startRun` and `attachRun`.
 *
 * ```ts
 * for await (const { embedded, total, spooledRows } of run.progress()) console.log(embedded, total, spooledRows);
 * ```
 */
export class RunHandle extends DurableHandle<TypedOutcome, RunStatus> {
  async status(): Promise<RunStatus> {
    const [progress, work] = await Promise.all([this.query<RunProgress>(), this.fromOpenTasks(pendingWork)]);
    return { ...progress, ...work };
  }

  protected outcomeOf(error: unknown): TypedOutcome | undefined {
    return outcomeOfError(error);
  }
}
