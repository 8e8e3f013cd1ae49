import type { RunOutcome } from '../../contract/outcome.ts';

/**
 * What the page shows, as JSON: made by Node, read by the browser. Texts that occur often are numbers, positions in
 * {@link PageData.strings}; −1 stands for nothing.
 */
export interface PageData {
  version: 1;
  /** Name of the run folder. */
  title: string;
  /** Where the run folder was when the page was made. */
  directory: string;
  /** ISO 8601, UTC. */
  madeAt: string;
  summary: Summary;
  strings: string[];
  embedders: EmbedderFacts[];
  checkpoints: CheckpointList;
  files: FileList;
  failures: Failure[];
  timeline?: TimelineView;
  throughput?: Throughput;
  scatters: Scatter[];
  environment: FactGroup[];
  executions: ExecutionRow[];
  /** What is cut, missing or otherwise to be known. */
  notes: string[];
}

/** What report.json says in sum. */
export interface Summary extends Omit<RunOutcome, 'schema' | 'failureType' | 'offenders' | 'report'> {
  error?: { type: string; message: string };
  startedAt: string;
  finishedAt: string;
  seconds: number;
  /** What to do about it; empty where there is nothing to do. */
  next: string[];
  bytes: number;
  /** Files of the inputs. */
  files: number;
  validationSkipped: boolean;
}

export interface EmbedderFacts {
  name: string;
  dim: number;
  kind: string;
  /** What the numbers depend on. */
  fingerprint: Fact[];
  options: Fact[];
  tasks: number;
  rows: number;
  bytes: number;
  /** Rows that were computed in this run. */
  computed: number;
  /** Seconds in which at least one attempt was open. */
  activeSeconds: number;
}

export type Fact = [name: string, value: string];

export interface FactGroup {
  title: string;
  facts: Fact[];
}

export interface CheckpointList {
  total: number;
  rows: CheckpointRow[];
}

export type CheckpointRow = [
  path: number,
  file: number,
  embedder: number,
  result: 'embedded' | 'found' | 'failed' | 'skipped',
  rows: number,
  bytes: number,
  sha256: string,
  attempts: number,
  seconds: number,
  reason: number,
];

export interface FileList {
  total: number;
  /** Rows by embedder, in their order. */
  rows: [file: number, ...counts: number[]][];
}

export interface Failure {
  what: string;
  embedder: string;
  result: 'failed' | 'skipped' | 'sequences skipped';
  reason: string;
}

/** Everything below is in milliseconds since {@link startedAt}. */
export interface TimelineView {
  /** Milliseconds since 1970. */
  startedAt: number;
  /** Last moment that is shown. */
  until: number;
  lanes: Lane[];
  bars: Bar[];
  /** Attempts that the bars stand for. */
  attempts: number;
  /** Attempts that did not succeed, and those that went on from them. */
  troubled: TroubledAttempt[];
  troubledTotal: number;
}

export interface Lane {
  host: string;
  pid: number;
  embedder: number;
  slot: number;
  attempts: number;
  rows: number;
  busySeconds: number;
}

export type BarKind =
  'embedded' | 'found' | 'completed' | 'failed' | 'handed-back' | 'overtaken' | 'cancelled' | 'lost-device' | 'lost';

/** One attempt, or `count` neighbours of one kind where there are too many to draw. */
export type Bar = [
  lane: number,
  from: number,
  to: number,
  kind: BarKind,
  count: number,
  rows: number,
  task: number,
  attempt: number,
  reason: number,
  /** Milliseconds at the beginning in which it waited for its embedder to be ready. */
  waited: number,
];

export type TroubledAttempt = [
  task: number,
  attempt: number,
  from: number,
  to: number,
  kind: BarKind,
  rows: number,
  lane: string,
  reason: string,
];

export interface Throughput {
  binMs: number;
  /** Rows per second, bin by bin from {@link TimelineView.startedAt} on. */
  series: { embedder: number; rowsPerSecond: number[]; rows: number }[];
}

/** What a picture of embeddings is made from. */
export interface ScatterFacts {
  dim: number;
  /** There are so many. */
  rows: number;
  files: number;
  sampledRows: number;
  sampledFiles: number;
  /** Share of the variance of the sampled rows, 0 to 1. */
  explained: [number, number];
  /** Why there is no picture. */
  missing?: string;
}

export interface Scatter extends ScatterFacts {
  embedder: number;
  x: number[];
  y: number[];
  file: number[];
  ids: string[];
}

export interface ExecutionRow {
  startedAt: string;
  finishedAt: string;
  outcome: string;
  tasks: number;
  found: number;
  embedded: number;
  failed: number;
  rows: number;
  isThis: boolean;
}
