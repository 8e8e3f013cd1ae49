import type { PartitionTotals, PlanRange, RunReference, TaskFailure } from './run-request.ts';

/** Input of the workflow `embedPartition`. */
export interface EmbedPartitionInput {
  contract: 1;
  run: RunReference;
  plan: string;
  /** The tasks of this partition. */
  range: PlanRange;
  maxInFlight: number;
  heartbeatTimeoutMs: number;
  paused: boolean;
}

export interface EmbedPartitionResult extends PartitionTotals {
  /** At most {@link MAX_REPORTED_FAILURES}; the others stand in the run folder. */
  failures: TaskFailure[];
}

/** Keeps a result below the payload limit: 50 × (index + reason of at most 256 characters) < 16 KiB. */
export const MAX_REPORTED_FAILURES = 50;
export const MAX_REASON_LENGTH = 256;

/** Signal `partitionProgress`. */
export interface PartitionProgress extends PartitionTotals {
  /** Workflow id of the partition. */
  partition: string;
}
