import type { MetricMeter } from '@temporalio/common';
import type {
  ActivityEvent,
  ActivityObserver,
  AttemptEnded,
  AttemptResult,
  BatchEmbedded,
  CheckpointSaved,
  CheckpointValidated,
  ObservedAttempt,
  RunPlanned,
} from '../contract/activity-events.ts';
import { FailureType } from '../contract/failure-types.ts';
import { gpuTaskQueue } from '../contract/names.ts';
import { Meters } from './meters.ts';
import type { NamesOf } from './metric-names.ts';
import { SlotShare } from './slot-share.ts';
import { StorageSpace } from './storage-space.ts';

/** What a worker process serves, so that its metrics are there from the start and not from the first event on. */
export interface ServedWork {
  /** @default none: it embeds nothing */
  embedders?: readonly ServedEmbedder[];
  /** It plans, saves and finishes. */
  files?: boolean;
  /** Version of the package, for `virnucpro_build_info`. */
  version?: string;
}

export interface ServedEmbedder {
  name: string;
  /** Tasks at a time. */
  slots: number;
  /** @default `virnucpro-gpu-<name>` */
  taskQueue?: string;
}

const WINDOW_MS = 10_000;
/** Failures that are none of ours. */
const OTHER = 'other';
const EMBED_FILE = 'embedFile';
const STATES = ['found', 'pending', 'skipped', 'bad'] as const;
const CAUSES = ['retried', 'resumed'] as const;
const JUDGES = ['planRun', 'validateCheckpoint', 'finishRun'] as const;
const FILE_ACTIVITIES = [
  ...['checkCompatibility', 'planRun', 'saveCheckpoint', 'validateCheckpoint', 'finishRun'],
  ...['checkPrediction', 'chunkSequences', 'translateFrames', 'splitSequences', 'mergeEmbeddings'],
  ...['classifySequences', 'callConsensus', 'finishPrediction'],
];
const EMBED_RESULTS: readonly AttemptResult[] = ['embedded', 'found', 'failed', 'lost-device'];
const FILE_RESULTS: readonly AttemptResult[] = ['completed', 'failed'];
const ENDINGS: readonly AttemptResult[] = ['handed-back', 'overtaken', 'cancelled'];
const VERDICTS = ['valid', 'corrupted', 'incompatible', 'unavailable'] as const;
const OUTCOMES = ['success', 'partial', 'checkpoint', 'failed', 'cancelled'] as const;
const EMBEDDING_COUNTERS: readonly NamesOf<'counter'>[] = [
  'virnucpro_rows',
  'virnucpro_letters',
  'virnucpro_tokens',
  'virnucpro_padded_tokens',
  'virnucpro_oom_halvings',
  'virnucpro_skipped_sequences',
  'virnucpro_spool_bytes',
];

/**
 * Turns what activities tell into metrics, see docs/metrics.md. Costs microseconds per event.
 *
 * ```ts
 * const observer = new MetricsObserver(Runtime.instance().metricMeter, { embedders: [{ name: 'kmer', slots: 8 }] });
 * createActivities({ embedders, server, observers: [observer] });
 * ```
 */
export class MetricsObserver implements ActivityObserver {
  readonly #meters: Meters;
  /** By embedder. */
  readonly #shares = new Map<string, SlotShare>();
  /** By queue. */
  readonly #embedders = new Map<string, string>();
  readonly #storage: StorageSpace;
  readonly #timer: NodeJS.Timeout;

  /** @param meter `Runtime.instance().metricMeter`, or one that keeps what it is told elsewhere */
  constructor(meter: MetricMeter, served: ServedWork = {}) {
    this.#meters = new Meters(meter);
    this.#storage = new StorageSpace(this.#meters);
    for (const embedder of served.embedders ?? []) this.#serveEmbedder(embedder);
    if (served.files === true) this.#serveFiles();
    if (served.version !== undefined) this.#meters.set('virnucpro_build_info', 1, { version: served.version });
    this.#timer = setInterval(() => this.#tellShares(), WINDOW_MS).unref();
  }

  /** Ends the measuring of slots. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** This process serves an embedder no longer. */
  tellLost(embedder: string): void {
    if (this.#shares.has(embedder)) this.#meters.set('virnucpro_slots', 0, { embedder });
  }

  /** @param backlog tasks that wait in the queue */
  tellBacklog(queue: string, kind: 'workflow' | 'activity', backlog: number): void {
    this.#meters.set('virnucpro_queue_backlog', backlog, { task_queue: queue, kind });
  }

  observe(event: ActivityEvent): void {
    const embedder = this.#embedderOf(event.attempt);
    switch (event.type) {
      case 'attempt-begun':
        return this.#changeSlots(event, 1);
      case 'attempt-ended':
        this.#changeSlots(event, -1);
        return this.#ended(event);
      case 'embedder-ready':
        return this.#meters.record('virnucpro_embedder_wait_seconds', event.seconds, { embedder });
      case 'batch-embedded':
        return this.#embedded(event, embedder);
      case 'batch-halved':
        return this.#meters.add('virnucpro_oom_halvings', 1, { embedder });
      case 'rows-recomputed':
        return this.#meters.add('virnucpro_recomputed_rows', event.rows, { embedder, cause: event.cause });
      case 'rows-durable':
        this.#meters.add('virnucpro_rows', event.rows, { embedder });
        this.#meters.add('virnucpro_spool_bytes', event.bytes, { embedder });
        return this.#touched(event);
      case 'sequence-skipped':
        return this.#meters.add('virnucpro_skipped_sequences', 1, { embedder });
      case 'checkpoint-saved':
        return this.#saved(event, embedder);
      case 'checkpoint-validated':
        return this.#validated(event);
      case 'run-planned':
        return this.#planned(event);
      case 'run-finished':
        return this.#meters.add('virnucpro_finished_runs', 1, { outcome: event.outcome });
      case 'prediction-finished':
        return this.#meters.add('virnucpro_finished_predictions', 1, { outcome: event.outcome });
      case 'task-opened':
        return undefined;
    }
  }

  #embedded({ rows, letters, seconds, cost }: BatchEmbedded, embedder: string): void {
    const tags = { embedder };
    this.#meters.record('virnucpro_batch_rows', rows, tags);
    this.#meters.record('virnucpro_batch_seconds', seconds, tags);
    this.#meters.add('virnucpro_letters', letters, tags);
    if (cost === undefined) return;
    this.#meters.add('virnucpro_tokens', cost.tokens, tags);
    this.#meters.add('virnucpro_padded_tokens', cost.paddedTokens, tags);
    if (cost.halvings > 0) this.#meters.add('virnucpro_oom_halvings', cost.halvings, tags);
  }

  #saved(event: CheckpointSaved, embedder: string): void {
    this.#meters.add('virnucpro_checkpoints', 1, { embedder, outcome: event.outcome });
    if (event.outcome === 'published') this.#meters.add('virnucpro_checkpoint_bytes', event.bytes, { embedder });
    this.#meters.record('virnucpro_checkpoint_save_seconds', event.seconds, { embedder });
    this.#touched(event);
  }

  #validated({ attempt, level, result, seconds }: CheckpointValidated): void {
    this.#meters.add('virnucpro_validations', 1, { activity: attempt.activity, result });
    this.#meters.record('virnucpro_validation_seconds', seconds, { level });
  }

  #planned({ found, pending, skipped, bad }: RunPlanned): void {
    const planned = { found, pending, skipped, bad };
    for (const state of STATES) this.#meters.add('virnucpro_planned_tasks', planned[state], { state });
  }

  /** Only embedFile is counted by embedder: for the others it is not known beforehand, and a counter has to be there with 0. */
  #ended({ attempt, result, failureType }: AttemptEnded): void {
    const { activity } = attempt;
    const embedder = activity === EMBED_FILE ? this.#embedderOf(attempt) : '';
    this.#meters.add('virnucpro_attempts', 1, { activity, embedder, result });
    if (result !== 'failed' && result !== 'lost-device') return;
    this.#meters.add('virnucpro_failures', 1, { activity, embedder, failure_type: failureType ?? OTHER });
  }

  #touched({ attempt }: ActivityEvent): void {
    if (attempt.run !== undefined) this.#storage.touched(attempt.run.directory);
  }

  #changeSlots({ attempt }: ActivityEvent, by: 1 | -1): void {
    if (attempt.activity !== EMBED_FILE) return;
    const embedder = this.#embedders.get(attempt.taskQueue) ?? '';
    const share = this.#shares.get(embedder);
    if (share === undefined) return;
    share.change(by, performance.now());
    this.#meters.set('virnucpro_busy_slots', share.busy, { embedder });
  }

  /** Which task it is for is not known yet when an attempt begins, but the queue of an embedFile is one embedder's. */
  #embedderOf({ task, taskQueue }: ObservedAttempt): string {
    return task?.embedder ?? this.#embedders.get(taskQueue) ?? '';
  }

  #tellShares(): void {
    const now = performance.now();
    for (const [embedder, share] of this.#shares) {
      this.#meters.set('virnucpro_slot_busy_ratio', share.take(now), { embedder });
    }
  }

  /** A counter that appears with its first event has not risen, as far as a rule can see: it is there with 0 before. */
  #serveEmbedder({ name, slots, taskQueue = gpuTaskQueue(name) }: ServedEmbedder): void {
    const embedder = name;
    this.#embedders.set(taskQueue, embedder);
    this.#shares.set(embedder, new SlotShare(slots, performance.now()));
    this.#meters.set('virnucpro_slots', slots, { embedder });
    this.#meters.set('virnucpro_busy_slots', 0, { embedder });
    this.#meters.set('virnucpro_slot_busy_ratio', 0, { embedder });
    for (const counter of EMBEDDING_COUNTERS) this.#meters.add(counter, 0, { embedder });
    for (const cause of CAUSES) this.#meters.add('virnucpro_recomputed_rows', 0, { embedder, cause });
    this.#beginAttempts(EMBED_FILE, embedder, EMBED_RESULTS);
  }

  #serveFiles(): void {
    for (const activity of FILE_ACTIVITIES) this.#beginAttempts(activity, '', FILE_RESULTS);
    for (const activity of JUDGES) {
      for (const result of VERDICTS) this.#meters.add('virnucpro_validations', 0, { activity, result });
    }
    for (const outcome of OUTCOMES) {
      this.#meters.add('virnucpro_finished_runs', 0, { outcome });
      this.#meters.add('virnucpro_finished_predictions', 0, { outcome });
    }
    for (const state of STATES) this.#meters.add('virnucpro_planned_tasks', 0, { state });
  }

  #beginAttempts(activity: string, embedder: string, results: readonly AttemptResult[]): void {
    for (const result of [...results, ...ENDINGS]) {
      this.#meters.add('virnucpro_attempts', 0, { activity, embedder, result });
    }
    for (const failure_type of [...Object.values(FailureType), OTHER]) {
      this.#meters.add('virnucpro_failures', 0, { activity, embedder, failure_type });
    }
  }
}
