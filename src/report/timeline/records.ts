import type { AttemptResult } from '../../contract/activity-events.ts';

/**
 * Lines of DIR/.virnucpro/timeline/<plan>/<host>-<pid>-<start>.jsonl, one JSON object each, in the order in which they
 * happened. One process writes one file; the first line says which process. Readers pass over what they do not know.
 */
export const TIMELINE_VERSION = 1;

/** A process of a worker; always the first line. */
export interface ProcessRecord {
  event: 'process';
  version: typeof TIMELINE_VERSION;
  /** Milliseconds since 1970, as in all records. */
  t: number;
  host: string;
  pid: number;
  /** Version of this package. */
  package: string;
  /** Version of Node. */
  node: string;
  /** Operating system, release and architecture. */
  platform: string;
}

/** An attempt to embed a task has begun. */
export interface BeginRecord {
  event: 'begin';
  t: number;
  /** Names the attempt in this file. */
  id: number;
  /** Checkpoint, relative to DIR. */
  task: string;
  embedder: string;
  /** Lowest number from 0 that no other attempt of this process and embedder had. */
  slot: number;
  /** As Temporal counts, from 1; a reset sets it back. */
  attempt: number;
}

/** An attempt has ended; one whose process died has no such line. */
export interface EndRecord {
  event: 'end';
  t: number;
  id: number;
  result: AttemptResult;
  /** Rows that became durable by this attempt. */
  rows: number;
  /** Seconds that it waited for its embedder to be ready, most of which is loading a model. */
  waited?: number;
  failure?: string;
  /** Cut. */
  reason?: string;
}

/** Rows that became durable in `ms` milliseconds from `t`. */
export interface RowsRecord {
  event: 'rows';
  t: number;
  ms: number;
  embedder: string;
  rows: number;
}

/** An embedder of this process has said what it computes with. */
export interface ModelRecord {
  event: 'model';
  t: number;
  embedder: string;
  /** E.g. `torch`, `device`. */
  environment: Readonly<Record<string, string>>;
}

/** A checkpoint got its name, or was found there. */
export interface SavedRecord {
  event: 'saved';
  t: number;
  task: string;
  outcome: 'published' | 'existing';
  bytes: number;
  sha256: string;
  seconds: number;
}

export type TimelineRecord = ProcessRecord | BeginRecord | EndRecord | RowsRecord | SavedRecord | ModelRecord;
