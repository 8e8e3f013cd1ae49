import type { PartitionProgress } from '../contract/partition.ts';
import type { RunPhase, RunProgress } from '../contract/progress.ts';
import type { PartitionTotals, PlanSummary, TaskFailure } from '../contract/run-request.ts';

/** What the run knows while it runs; answers the query `progress`. */
export class RunState {
  phase: RunPhase = 'checking';
  plan: PlanSummary | undefined;
  /** Of partitions that have ended. */
  readonly totals: PartitionTotals = { embedded: 0, found: 0, failed: 0 };
  readonly failures: TaskFailure[] = [];
  /** Last word of each open partition, by workflow id. */
  readonly #open = new Map<string, PartitionTotals>();

  opened(partition: string): void {
    this.#open.set(partition, { embedded: 0, found: 0, failed: 0 });
  }

  /** Anyone can send a signal: what is no progress of an open partition is passed over. */
  told(progress: PartitionProgress | null | undefined): void {
    const { partition, embedded, found, failed } = progress ?? {};
    if (partition === undefined || !this.#open.has(partition)) return;
    if (![embedded, found, failed].every((count) => Number.isSafeInteger(count))) return;
    this.#open.set(partition, { embedded: embedded!, found: found!, failed: failed! });
  }

  closed(partition: string, totals: PartitionTotals | undefined): void {
    const last = totals ?? this.#open.get(partition);
    this.#open.delete(partition);
    if (last !== undefined) add(this.totals, last);
  }

  progress(paused: boolean): RunProgress {
    const sum = { ...this.totals };
    for (const totals of this.#open.values()) add(sum, totals);
    return {
      schema: 1,
      phase: this.phase,
      paused,
      total: this.plan?.total ?? 0,
      found: (this.plan?.found ?? 0) + sum.found,
      embedded: sum.embedded,
      failed: sum.failed,
      skipped: this.plan?.skipped ?? 0,
      openPartitions: this.#open.size,
      ...(this.plan === undefined ? {} : { message: this.plan.message }),
    };
  }
}

function add(sum: PartitionTotals, more: PartitionTotals): void {
  sum.embedded += more.embedded;
  sum.found += more.found;
  sum.failed += more.failed;
}
