import { FailureType } from './failure-types.ts';

export type Outcome = 'success' | 'partial' | 'checkpoint' | 'failed' | 'cancelled';

export const EXIT_CODES: Readonly<Record<Outcome, number>> = {
  success: 0,
  failed: 1,
  partial: 2,
  checkpoint: 3,
  cancelled: 130,
};

/** A file or checkpoint that kept the run from `success`. */
export interface Offender {
  path: string;
  reason: string;
}

/** Result of embeddingRun, and `details[0]` of its failure. At most 2 KiB; everything else is in report.json. */
export interface RunOutcome {
  schema: 1;
  outcome: Outcome;
  exitCode: number;
  /** A `FailureType` where the outcome is `checkpoint` or `failed`. */
  failureType?: string;
  tasks: number;
  /** Valid checkpoints that were there before. */
  found: number;
  embedded: number;
  failed: number;
  /** Bad checkpoints left as they are. */
  skipped: number;
  /** Sequences that found and embedded checkpoints do without. */
  skippedSequences: number;
  /** Rows in all found and embedded checkpoints. */
  rows: number;
  /** One line for people. */
  message: string;
  /** The first five. */
  offenders: Offender[];
  /** Path relative to DIR. */
  report: string;
}

/** Why a run ended without having done its work. */
export interface RunFailure {
  type: string;
  message: string;
  offenders?: Offender[];
}

/** The outcome that a failure type stands for. */
export function outcomeOfFailure(type: string): 'checkpoint' | 'failed' {
  const checkpoint: readonly string[] = [FailureType.CheckpointCorrupted, FailureType.CheckpointIncompatible];
  return checkpoint.includes(type) ? 'checkpoint' : 'failed';
}
