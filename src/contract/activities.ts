import type { RunFailure, RunOutcome } from './outcome.ts';
import type { PlanSummary, RunReference, RunRequest, TaskFailure } from './run-request.ts';

/** A task of a plan, by reference. */
export interface TaskInput {
  contract: 1;
  run: RunReference;
  /** SHA-256 of the plan. */
  plan: string;
  index: number;
}

export interface CheckCompatibilityInput {
  contract: 1;
  /** Input of embeddingRun as it came: validated here, outside the sandbox. */
  request: unknown;
}

export interface CheckCompatibilityResult {
  run: RunReference;
  request: RunRequest;
  /** SHA-256 of the full request in DIR/.virnucpro/requests, which planRun reads. */
  requestDigest: string;
}

export interface PlanRunInput {
  contract: 1;
  run: RunReference;
  requestDigest: string;
}

/** A spool segment or skip log: opened by exact name, never looked for in a listing. */
export interface SegmentReference {
  /** File name in the task's spool folder. */
  name: string;
  /** Bytes that count: the longest valid prefix. */
  bytes: number;
  /** CRC-32 of those bytes, 8 lower-case hex digits. */
  crc32: string;
}

export interface EmbedFileResult {
  /** Spool folder, relative to DIR. */
  spool: string;
  segments: SegmentReference[];
  /** Rows that the segments hold. */
  rows: number;
  dim: number;
  /** Log of the sequences that were skipped, if any were. */
  skips?: SegmentReference;
}

export interface SaveCheckpointInput extends TaskInput {
  rows: EmbedFileResult;
}

export interface SaveCheckpointResult {
  /** `existing`: a valid checkpoint with the same ids was there first and was kept. */
  outcome: 'published' | 'existing';
  /** Relative to DIR. */
  path: string;
  sha256: string;
  bytes: number;
  rows: number;
  dim: number;
  /** Sequences that the checkpoint does without, if there are any. */
  skippedSequences?: number;
}

export interface ValidateCheckpointInput {
  contract: 1;
  /** Absolute path. */
  path: string;
  /** @default 'structure' */
  level?: 'header' | 'structure' | 'deep';
  requireKeys?: string[];
}

export interface ValidateCheckpointResult {
  path: string;
  kind?: string;
  version?: string;
  status?: 'complete' | 'in_progress' | null;
  rows?: number;
  dim?: number;
  bytes?: number;
  integrity?: string;
  warnings?: string[];
}

export interface FinishRunInput {
  contract: 1;
  run: RunReference;
  /** Absent when the run ended before there was one. */
  plan?: PlanSummary;
  /** Set when the run ended without having done its work. */
  failure?: RunFailure;
  cancelled?: boolean;
  /** Failures that the workflow saw; those that activities recorded are found on disk. */
  taskFailures: TaskFailure[];
  startedAt: string;
}

/**
 * The activities by wire name. All heartbeat as long as they run, every second, and throw ApplicationFailures of the types in
 * `FailureType`.
 */
export interface VirnucproActivities {
  /** Validates the request, claims DIR and compares its run.json with the request. */
  checkCompatibility(input: CheckCompatibilityInput): Promise<CheckCompatibilityResult>;
  /** Cuts tasks, judges every checkpoint that is there and writes the plan. */
  planRun(input: PlanRunInput): Promise<PlanSummary>;
  /** Embeds one task into its spool. Runs on the queue of its embedder. */
  embedFile(input: TaskInput): Promise<EmbedFileResult>;
  /** Publishes the rows of one task as a checkpoint and removes its spool. */
  saveCheckpoint(input: SaveCheckpointInput): Promise<SaveCheckpointResult>;
  /** Judges one file: throws `CheckpointError.*` unless it is valid. */
  validateCheckpoint(input: ValidateCheckpointInput): Promise<ValidateCheckpointResult>;
  /** Counts what is on disk, writes failed_files.txt, failed_sequences.txt and report.json. */
  finishRun(input: FinishRunInput): Promise<RunOutcome>;
}
