import type { Offender, Outcome } from './outcome.ts';
import type { EmbedderRequest, OnBadCheckpoint, OnBadSequence, RunReference, RunTuning } from './run-request.ts';

/**
 * Input of the workflow `predictVirus`. Unknown fields are ignored; the first activity validates it and fills in the
 * defaults, so a client in any language may leave out what has one.
 */
export interface PredictVirusInput {
  contract: 1;
  /** Absolute path of the output folder, on storage that every worker sees. */
  directory: string;
  /** UUID that DIR/run.json must hold. Absent: taken from there, or a new run.json is made. */
  runId?: string;
  /** Absolute paths of nucleotide FASTA files or folders of them; at most 100, more go through `inputsFile`. */
  inputs?: string[];
  /** Path relative to DIR of a file with one absolute path a line, named `.virnucpro/inputs/<sha256>.txt`. */
  inputsFile?: string;
  /** Folders give the files of their sub-folders too. @default false */
  recursive?: boolean;
  /** Absolute path of the classifier: `.pth` (whole module or state dict) or `.safetensors`. */
  model: string;
  /** Letters per chunk, as the classifier was trained. @default what the model's file name says (`300_…`, `500_…`), else 500 */
  expectedLength?: number;
  /** @default { name: 'dnabert-s' } */
  nucleotideEmbedder?: EmbedderRequest;
  /** @default { name: 'esm2-3b' } */
  proteinEmbedder?: EmbedderRequest;
  /** Sequences per split file and so per checkpoint. @default as the folder has it, else 10000 */
  sequencesPerFile?: number;
  /** Sequences per batch, where the embedder's own default does not fit. */
  batchSize?: number;
  /** @default 'fail' */
  onBadCheckpoint?: OnBadCheckpoint;
  /** @default 'fail' */
  onBadSequence?: OnBadSequence;
  /** Believes the content of found checkpoints. @default false */
  skipCheckpointValidation?: boolean;
  /** Keeps the split FASTA files after a success. @default false */
  keepIntermediate?: boolean;
  tuning?: PredictionTuning;
  /** Set by the workflow itself when it continues as new. */
  continued?: ContinuedPrediction;
}

/** What changes how a prediction proceeds but never what it computes. */
export interface PredictionTuning extends RunTuning {
  /** Inputs worked on at a time: while one is embedded, the next is cut and translated. @default 2 */
  openInputs?: number;
  /** Inputs after which the prediction continues as new. @default 100 */
  inputsPerExecution?: number;
}

/** What checkPrediction tells the workflow: counts and references, never the inputs themselves. */
export interface CheckedPrediction {
  run: RunReference;
  /** SHA-256 of the full request in DIR/.virnucpro/requests, which every stage reads. */
  request: string;
  /** FASTA files; a stage is asked for one of them by its index. */
  inputs: number;
  nucleotide: Required<EmbedderRequest>;
  protein: Required<EmbedderRequest>;
  onBadCheckpoint: OnBadCheckpoint;
  onBadSequence: OnBadSequence;
  skipCheckpointValidation: boolean;
  sequencesPerFile: number;
  batchSize?: number;
  tuning: Required<PredictionTuning>;
}

/** State that predictVirus carries over when it continues as new. */
export interface ContinuedPrediction {
  checked: CheckedPrediction;
  /** The next input to begin with. */
  next: number;
  done: number;
  totals: EmbeddingTotals;
  partial: boolean;
  paused: boolean;
  startedAt: string;
}

export interface CheckPredictionInput {
  contract: 1;
  /** Input of predictVirus as it came: validated here, outside the sandbox. */
  request: unknown;
}

/** One stage of one input, by reference. */
export interface PredictionStageInput {
  contract: 1;
  run: RunReference;
  /** SHA-256 of the request. */
  request: string;
  /** Of the input in the request, from 0. */
  index: number;
}

/** `found`: everything that the stage writes was there, was checked and was kept. */
export type StageOutcome = 'written' | 'found';

export interface StageResult {
  outcome: StageOutcome;
  /** Stem of the input, for people. */
  stem: string;
}

/** What the heartbeat of a stage carries; at most 1 KiB. */
export interface StageHeartbeat {
  stage: PredictionStage;
  stem: string;
  /** Of the units that the stage counts in. */
  done: number;
  /** Absent where it is not known yet. */
  total?: number;
}

export interface ChunkSequencesResult extends StageResult {
  contigs: number;
  chunks: number;
}

export interface TranslateFramesResult extends StageResult {
  /** Frames free of stops: rows of every later stage. 0: nothing to embed. */
  sequences: number;
}

/** A side's run folder, ready for embeddingRun. */
export interface SideRun {
  directory: string;
  /** Of its run.json, so that the workflow id of the child is known. */
  runId: string;
  /** Absolute paths of its split files; more than 100 go through `inputsFile`. */
  inputs?: string[];
  inputsFile?: string;
}

export interface SplitSequencesResult extends StageResult {
  parts: number;
  nucleotide: SideRun;
  protein: SideRun;
}

export interface MergeEmbeddingsInput extends PredictionStageInput {
  /** The embedding runs ended with holes: parts without a sound checkpoint are left out and reported. */
  allowMissing: boolean;
  /**
   * Damaged embeddings that are set aside (`recompute`) are counted in the result, and nothing is told as merged: whoever asks
   * has them embedded again and merges again. @default false: they fail the activity
   */
  embedAgain?: boolean;
}

export interface MergeEmbeddingsResult extends StageResult {
  /** Parts that have a merged checkpoint now. */
  merged: number;
  rows: number;
  /** Parts, or sequences, that the prediction does without; the first five. */
  missing: Offender[];
  missingParts: number;
  /** Embeddings to be embedded again before anything is merged for good; absent: none. */
  setAside?: number;
}

export interface ClassifySequencesResult extends StageResult {
  rows: number;
}

export interface CallConsensusResult extends StageResult {
  chunks: number;
  viralChunks: number;
  contigs: number;
  viralContigs: number;
}

/** Counts of embedding runs, summed over inputs and sides. */
export interface EmbeddingTotals {
  tasks: number;
  found: number;
  embedded: number;
  failed: number;
  skipped: number;
  skippedSequences: number;
  rows: number;
}

export interface FinishPredictionInput {
  contract: 1;
  run: RunReference;
  /** Absent when it ended before there was one. */
  request?: string;
  failure?: { type: string; message: string; offenders?: Offender[] };
  cancelled?: boolean;
  /** An embedding run ended with holes. */
  partial: boolean;
  embedding: EmbeddingTotals;
  startedAt: string;
}

/** Result of predictVirus, and `details[0]` of its failure. At most 2 KiB; everything else is in report.json. */
export interface PredictionOutcome {
  schema: 1;
  outcome: Outcome;
  exitCode: number;
  /** A `FailureType` where the outcome is `checkpoint` or `failed`. */
  failureType?: string;
  /** FASTA files asked for, and those with complete results. */
  inputs: number;
  predicted: number;
  contigs: number;
  viralContigs: number;
  chunks: number;
  viralChunks: number;
  /** Translated frames that were classified. */
  sequences: number;
  embedding: EmbeddingTotals;
  /** One line for people. */
  message: string;
  /** The first five. */
  offenders: Offender[];
  /** Path relative to DIR. */
  report: string;
}

export type PredictionStage =
  'chunking' | 'translating' | 'splitting' | 'embedding' | 'merging' | 'classifying' | 'consensus';

export const PREDICTION_STAGES: readonly PredictionStage[] = [
  'chunking',
  'translating',
  'splitting',
  'embedding',
  'merging',
  'classifying',
  'consensus',
];

/** An input that is being worked on. */
export interface OpenInput {
  index: number;
  stem: string;
  stage: PredictionStage;
  /** Workflow ids of its open embedding runs, which answer the query `progress` themselves. */
  nucleotide?: string;
  protein?: string;
  sequences?: number;
}

/** Answer of the query `progress` of predictVirus. */
export interface PredictionProgress {
  schema: 1;
  phase: 'checking' | 'predicting' | 'finishing' | 'done';
  paused: boolean;
  inputs: number;
  done: number;
  /** At most `openInputs`. */
  open: OpenInput[];
  /** Of embedding runs that have ended. */
  embedding: EmbeddingTotals;
}

/**
 * The activities of a prediction by wire name, on the io queue. All heartbeat as long as they run and throw
 * ApplicationFailures of the types in `FailureType`. Every stage starts from what is on disk: what is there and right is
 * kept, what is missing is made.
 */
export interface PredictionActivities {
  /** Validates the request, claims DIR, reads inputs and classifier, and compares them with DIR/run.json. */
  checkPrediction(input: CheckPredictionInput): Promise<CheckedPrediction>;
  /** `{stem}_chunked{L}.fa` */
  chunkSequences(input: PredictionStageInput): Promise<ChunkSequencesResult>;
  /** `{stem}_nucleotide.fa` and `{stem}_protein.faa`: the frames free of stops. */
  translateFrames(input: PredictionStageInput): Promise<TranslateFramesResult>;
  /** `{stem}_nucleotide/output_N.fa` and `{stem}_protein/output_N.fa` */
  splitSequences(input: PredictionStageInput): Promise<SplitSequencesResult>;
  /** `{stem}_merged/output_N_merged.pt` */
  mergeEmbeddings(input: MergeEmbeddingsInput): Promise<MergeEmbeddingsResult>;
  /** `{stem}_merged/prediction_results.txt` */
  classifySequences(input: PredictionStageInput): Promise<ClassifySequencesResult>;
  /** `{stem}_merged/prediction_results_highestscore.csv` and `prediction_results_contigs.tsv` */
  callConsensus(input: PredictionStageInput): Promise<CallConsensusResult>;
  /** Counts what is on disk, writes report.json and report.html. */
  finishPrediction(input: FinishPredictionInput): Promise<PredictionOutcome>;
}
