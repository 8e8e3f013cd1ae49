import type { PredictionOutcome } from '../../contract/prediction.ts';
import type { ExecutionRow, FactGroup } from '../page/page-data.ts';

/**
 * What the page of a prediction shows, as JSON: made by Node, read by the browser. Links are relative to the page and
 * ready-made: names are not ours, and only Node knows their bytes.
 */
export interface PredictionPageData {
  version: 1;
  kind: 'prediction';
  /** Name of the folder. */
  title: string;
  /** Where the folder was when the page was made. */
  directory: string;
  /** ISO 8601, UTC. */
  madeAt: string;
  summary: PredictionSummary;
  /** Names of the inputs, by which rows below refer to them. */
  names: string[];
  inputs: InputRow[];
  inputsTotal: number;
  timeline?: StageTimeline;
  stages: StageSum[];
  scores?: { sequences: Histogram; contigs: Histogram };
  contigs: ContigTable;
  failures: FailureRow[];
  embeddings: EmbeddingRow[];
  files: FileRow[];
  filesTotal: number;
  environment: FactGroup[];
  executions: ExecutionRow[];
  /** What is cut, missing or otherwise to be known. */
  notes: string[];
}

export interface PredictionSummary extends Omit<PredictionOutcome, 'schema' | 'failureType' | 'offenders' | 'report'> {
  error?: { type: string; message: string };
  startedAt: string;
  finishedAt: string;
  seconds: number;
  /** What to do about it; empty where there is nothing to do. */
  next: string[];
  classifier?: string;
  embedders: string[];
  validationSkipped: boolean;
}

export interface Histogram {
  virus: number[];
  others: number[];
}

/** What the parts of the timeline stand for; embedding is told apart by its side. */
export type PageStage =
  | 'chunking'
  | 'translating'
  | 'splitting'
  | 'nucleotide embedding'
  | 'protein embedding'
  | 'merging'
  | 'classifying'
  | 'consensus';

export interface InputRow {
  name: number;
  path: string;
  result: 'predicted' | 'partial' | 'missing';
  reason?: string;
  contigs: number;
  viralContigs: number;
  chunks: number;
  viralChunks: number;
  sequences: number;
  letters: number;
  /** Of the stages and embedding runs of this prediction, summed. */
  seconds: number;
  /** Its result files that are there. */
  links: Link[];
}

export interface Link {
  text: string;
  href: string;
}

/** Everything below is in milliseconds since {@link startedAt}. */
export interface StageTimeline {
  /** Milliseconds since 1970. */
  startedAt: number;
  until: number;
  lanes: StageLane[];
  bars: StageBar[];
  /** Stages of this prediction, drawn or not. */
  total: number;
}

export interface StageLane {
  name: number;
  /** Absent: everything of the input is in one lane. */
  what?: 'files' | 'nucleotide' | 'protein';
}

export type StageBar = [lane: number, from: number, to: number, stage: PageStage, rows: number, place: string];

/** A stage over all inputs. */
export interface StageSum {
  stage: PageStage;
  /** What its rows are. */
  unit: string;
  /** Inputs for which it was done now, and for which it was there. */
  done: number;
  found: number;
  /** Of those that were done now. */
  rows: number;
  seconds: number;
}

export interface ContigTable {
  total: number;
  viral: number;
  rows: ContigRow[];
}

/** Scores are −1 where no chunk was classified. */
export type ContigRow = [
  name: number,
  contig: string,
  call: 'virus' | 'others' | 'unclassified',
  length: number,
  chunks: number,
  classified: number,
  viral: number,
  mean: number,
  max: number,
];

export interface FailureRow {
  path: string;
  reason: string;
}

export interface EmbeddingRow {
  name: number;
  side: 'nucleotide' | 'protein';
  embedder: string;
  outcome: string;
  found: number;
  embedded: number;
  failed: number;
  rows: number;
  computed: number;
  seconds: number;
  /** Whether it ended in this prediction. */
  isNow: boolean;
  /** Its page and its report.json, where they are there. */
  links: Link[];
}

export interface FileRow {
  name: number;
  link: Link;
  bytes: number;
  sha256: string;
}
