/** What to do with a checkpoint that is there but corrupted or incompatible. */
export type OnBadCheckpoint = 'fail' | 'skip' | 'recompute';

/** What to do with a sequence that the embedder cannot embed: fail its file, or go on without it. */
export type OnBadSequence = 'fail' | 'skip';

export interface EmbedderRequest {
  /** `kmer`, `fake`, … */
  name: string;
  options?: Record<string, string>;
  /** Queue of its embedFile tasks. @default `virnucpro-gpu-<name>` */
  taskQueue?: string;
}

/**
 * Input of the workflow `embeddingRun`. Unknown fields are ignored; the first activity validates it and fills in the
 * defaults, so a client in any language may leave out what has one.
 */
export interface EmbeddingRunInput {
  contract: 1;
  /** Absolute path of the run folder DIR, on storage that every worker sees. */
  directory: string;
  /** UUID that DIR/run.json must hold. Absent: taken from there, or a new run.json is made. */
  runId?: string;
  /** Absolute paths of FASTA files or folders of them; at most 100, more go through `inputsFile`. */
  inputs?: string[];
  /** Path relative to DIR of a file with one absolute path a line, named `.virnucpro/inputs/<sha256>.txt`. */
  inputsFile?: string;
  /** Folders give the files of their sub-folders too. @default false */
  recursive?: boolean;
  embedders: EmbedderRequest[];
  /** What the inputs hold. @default seen from their letters: nucleotides if at least 95 % are ACGTN */
  alphabet?: 'nucleotide' | 'protein';
  /** Cuts sequences into windows of this many letters. */
  chunkLength?: number;
  /** Windows per checkpoint. @default 10000 */
  sequencesPerFile?: number;
  /** Sequences per batch, where the embedder's own default does not fit. */
  batchSize?: number;
  /** @default 'fail' */
  onBadCheckpoint?: OnBadCheckpoint;
  /** @default 'fail' */
  onBadSequence?: OnBadSequence;
  /** Believes the content of found checkpoints. @default false */
  skipCheckpointValidation?: boolean;
  tuning?: RunTuning;
  /** Set by the workflow itself when it continues as new. */
  continued?: ContinuedRun;
}

/** What changes how a run proceeds but never what it computes; not compared between runs. */
export interface RunTuning {
  /** @default 15000 */
  heartbeatTimeoutMs?: number;
  /** Tasks per embedPartition. @default 500 */
  partitionSize?: number;
  /** Tasks in flight per embedPartition. @default 32 */
  maxInFlight?: number;
  /** Partitions open at a time, for each embedder. @default 2 */
  openPartitions?: number;
  /** Partitions after which the run continues as new. @default 300 */
  partitionsPerExecution?: number;
}

/** An {@link EmbeddingRunInput} with every default filled in and its inputs in a file. */
export interface RunRequest {
  embedders: Required<EmbedderRequest>[];
  onBadCheckpoint: OnBadCheckpoint;
  tuning: Required<RunTuning>;
}

/** State that embeddingRun carries over when it continues as new. */
export interface ContinuedRun {
  run: RunReference;
  request: RunRequest;
  plan: PlanSummary;
  /** Next task of each range of the plan, in the order of `plan.ranges`. */
  next: number[];
  totals: PartitionTotals;
  /** At most MAX_REPORTED_FAILURES; absent where code that did not carry them over continued as new. */
  failures?: TaskFailure[];
  paused: boolean;
  startedAt: string;
}

/** Which run an activity works for; checked against DIR/run.json on the worker's own host. */
export interface RunReference {
  directory: string;
  runId: string;
}

/** A run of consecutive tasks of a plan that one embedder has to do. */
export interface PlanRange {
  embedder: string;
  taskQueue: string;
  /** Index of the first task. */
  start: number;
  /** Index after the last task. */
  end: number;
}

/** What planRun tells the workflow: counts and references, never the tasks themselves. */
export interface PlanSummary {
  /** SHA-256 of the plan, which is its file name in DIR/.virnucpro/plans. */
  plan: string;
  total: number;
  found: number;
  /** Tasks to embed. */
  pending: number;
  /** Bad checkpoints left as they are (`--force-resume`). */
  skipped: number;
  /** Bad checkpoints that stop the run. */
  bad: number;
  ranges: PlanRange[];
  /** `Found 15/20 checkpoints, resuming 5 files` */
  message: string;
}

/** A task that failed for good. */
export interface TaskFailure {
  index: number;
  reason: string;
}

export interface PartitionTotals {
  embedded: number;
  /** Tasks whose checkpoint another attempt or run had published by then. */
  found: number;
  failed: number;
}
