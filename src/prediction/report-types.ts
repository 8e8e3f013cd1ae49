import type { ClassifierFacts } from '../classifier/types.ts';
import type { Offender, Outcome } from '../contract/outcome.ts';
import type { EmbeddingTotals, PredictionOutcome, PredictionStage, StageOutcome } from '../contract/prediction.ts';
import type { EmbedderRequest, OnBadCheckpoint, OnBadSequence } from '../contract/run-request.ts';
import type { WorkerFacts } from '../run/report.ts';

/** DIR/report.json of a prediction: the outcome, with everything that does not fit a payload. */
export interface PredictionReport extends Omit<PredictionOutcome, 'offenders'> {
  /** A report without this field is that of an embedding run. */
  kind: 'prediction';
  runId: string;
  workflowId: string;
  workflowRunId: string;
  startedAt: string;
  finishedAt: string;
  seconds: number;
  /** Of checkpoints and files that were found. `skipped`: exit 0 then promises "present", not "valid". */
  validation: 'structure' | 'skipped';
  /** SHA-256 of the request. */
  request?: string;
  settings?: PredictionSettings;
  classifier?: ClassifierFacts;
  /** One for each input, in their order. */
  predictions: ReportedPrediction[];
  /** Scores of class virus by what was called; absent where nothing was classified. */
  scores?: { sequences: ScoreHistogram; contigs: ScoreHistogram };
  /** What could not be made, and what the prediction does without. */
  failures: Offender[];
  notes: string[];
  /** Why it ended early. */
  error?: { type: string; message: string };
  /** Server that it was finished through. */
  server?: { address: string; namespace: string };
  /** The process that has written this file. */
  finishedBy: WorkerFacts;
  /** Processes that have worked for its embedding runs. */
  workers: WorkerFacts[];
}

export interface PredictionSettings {
  expectedLength: number;
  sequencesPerFile: number;
  nucleotide: SideSettings;
  protein: SideSettings;
  onBadCheckpoint: OnBadCheckpoint;
  onBadSequence: OnBadSequence;
  keepIntermediate: boolean;
  batchSize: number | null;
}

interface SideSettings {
  embedder: Required<EmbedderRequest>;
  dim: number;
  kind: string;
  suffix: string;
}

/** One input and what came of it. */
export interface ReportedPrediction {
  /** Absolute path. */
  input: string;
  stem: string;
  /** Of the decompressed input. */
  sha256: string;
  /** `partial`: without some sequences. `missing`: the results are not complete on disk. */
  result: 'predicted' | 'partial' | 'missing';
  reason?: string;
  contigs: number;
  emptyContigs: number;
  letters: number;
  viralContigs: number;
  chunks: number;
  viralChunks: number;
  sequences: number;
  stages: ReportedStage[];
  embeddings: ReportedEmbedding[];
  files: ReportedFile[];
}

export interface ReportedStage {
  stage: PredictionStage;
  /** `found`: it was there before this prediction started. */
  outcome: StageOutcome;
  startedAt: string;
  seconds: number;
  /** Of what it makes. */
  rows: number;
  host: string;
  pid: number;
}

/** An embedding run of one side, as its own report.json tells. Paths are relative to DIR. */
export interface ReportedEmbedding extends EmbeddingTotals {
  side: 'nucleotide' | 'protein';
  directory: string;
  report: string;
  embedder: string;
  outcome: Outcome;
  runId: string;
  workflowId: string;
  startedAt: string;
  finishedAt: string;
  seconds: number;
  /** Rows in the checkpoints that it made itself. */
  computed: number;
  /** Whether it ran for this prediction, or is left from an earlier one. */
  inThisRun: boolean;
}

export interface ReportedFile {
  /** Relative to DIR. */
  path: string;
  bytes: number;
  sha256: string;
}

/** Counts in spans of 0.05 from 0 to 1, by what was called. */
export interface ScoreHistogram {
  virus: number[];
  others: number[];
}
