import type { MetricKind, NumericMetricValueType } from '@temporalio/common';

/** A metric of ours: what docs/metrics.md says of it, and what makes it. */
export interface MetricDefinition {
  readonly kind: Extract<MetricKind, 'counter' | 'histogram' | 'gauge'>;
  /** @default 'int' */
  readonly valueType?: NumericMetricValueType;
  readonly help: string;
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[];
}

/** Batches of one record to those that fill a large device. */
const ROW_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096];
/** A k-mer batch takes a millisecond, one of a large model on a CPU minutes. */
const BATCH_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** A small file is judged in a millisecond, one of 10 GB read deep in many seconds. */
const VALIDATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Three fsyncs take milliseconds on an SSD, seconds on a busy share. */
const SAVE_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
/** An embedder that runs already is there at once; loading a large model from a share takes minutes. */
const WAIT_BUCKETS = [0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

/**
 * Our metrics as they are made. Counters gain `_total` when they are exported; no name holds a unit that its metric does not
 * have. Labels are embedders, queues and the words of a fixed list: never files, runs or workflows.
 */
export const METRICS = {
  virnucpro_rows: { kind: 'counter', help: 'Rows that have become durable.' },
  virnucpro_letters: { kind: 'counter', help: 'Letters of the sequences that were given to embedders.' },
  virnucpro_tokens: { kind: 'counter', help: 'Tokens that models have embedded, padding not included.' },
  virnucpro_padded_tokens: { kind: 'counter', help: 'Tokens that models have computed, padding included.' },
  virnucpro_batch_rows: { kind: 'histogram', buckets: ROW_BUCKETS, help: 'Rows of each batch that was embedded.' },
  virnucpro_batch_seconds: {
    kind: 'histogram',
    valueType: 'float',
    buckets: BATCH_BUCKETS,
    help: 'Seconds from giving a batch to its embedder until the answer.',
  },
  virnucpro_oom_halvings: { kind: 'counter', help: 'Batches that were out of memory and were made smaller.' },
  virnucpro_recomputed_rows: { kind: 'counter', help: 'Rows, at most, that were computed more than once.' },
  virnucpro_skipped_sequences: { kind: 'counter', help: 'Sequences that a run goes on without.' },
  virnucpro_embedder_wait_seconds: {
    kind: 'histogram',
    valueType: 'float',
    buckets: WAIT_BUCKETS,
    help: 'Seconds that a task has waited for its embedder to be there; loading a model is most of that.',
  },
  virnucpro_spool_bytes: { kind: 'counter', help: 'Bytes of rows written to spools.' },
  virnucpro_checkpoints: { kind: 'counter', help: 'Checkpoints that were published, or found when they were to be.' },
  virnucpro_checkpoint_bytes: { kind: 'counter', help: 'Bytes of checkpoints that were published.' },
  virnucpro_checkpoint_save_seconds: {
    kind: 'histogram',
    valueType: 'float',
    buckets: SAVE_BUCKETS,
    help: 'Seconds from a finished spool to its durable, validated checkpoint.',
  },
  virnucpro_validations: { kind: 'counter', help: 'Checkpoint files that were judged, by verdict.' },
  virnucpro_validation_seconds: {
    kind: 'histogram',
    valueType: 'float',
    buckets: VALIDATION_BUCKETS,
    help: 'Seconds that judging a checkpoint file took.',
  },
  virnucpro_attempts: { kind: 'counter', help: 'Attempts of activities that have ended, by result.' },
  virnucpro_failures: { kind: 'counter', help: 'Attempts that have failed, by failure type.' },
  virnucpro_slots: { kind: 'gauge', help: 'Tasks that this worker takes at a time.' },
  virnucpro_busy_slots: { kind: 'gauge', help: 'Tasks that this worker has in hand.' },
  virnucpro_slot_busy_ratio: {
    kind: 'gauge',
    valueType: 'float',
    help: 'Share of the slot time of the last 10 s in which tasks were in hand, 0 to 1.',
  },
  virnucpro_queue_backlog: { kind: 'gauge', help: 'Tasks that wait in a queue, as the server counts them, roughly.' },
  virnucpro_planned_tasks: { kind: 'counter', help: 'Tasks of the plans that were made, by state.' },
  virnucpro_finished_runs: { kind: 'counter', help: 'Runs that have ended, by outcome.' },
  virnucpro_finished_predictions: { kind: 'counter', help: 'Predictions that have ended, by outcome.' },
  virnucpro_storage_free_bytes: {
    kind: 'gauge',
    help: 'Bytes that are free where this worker has written to a run folder last.',
  },
  virnucpro_storage_size_bytes: { kind: 'gauge', help: 'Size of that storage.' },
  virnucpro_build_info: { kind: 'gauge', help: 'Always 1; the labels tell the version.' },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof METRICS;

/** Names of the metrics of one kind. */
export type NamesOf<Kind extends MetricDefinition['kind']> = {
  [Name in MetricName]: (typeof METRICS)[Name]['kind'] extends Kind ? Name : never;
}[MetricName];
