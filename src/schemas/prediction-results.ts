import * as z from 'zod';
import type {
  CallConsensusResult,
  CheckedPrediction,
  ChunkSequencesResult,
  ClassifySequencesResult,
  MergeEmbeddingsResult,
  PredictionOutcome,
  PredictionProgress,
  SplitSequencesResult,
  TranslateFramesResult,
} from '../contract/prediction.ts';
import type { AllTrue, Matches } from './agreement.ts';
import { count, embedderRequestSchema, runReferenceSchema } from './contract.ts';
import { embeddingTotalsSchema, predictionTuningSchema } from './prediction.ts';
import { offender } from './results.ts';

/** What predictVirus and its activities answer, for the JSON Schemas in docs/schemas; checked by the compiler only. */
export const predictionOutcomeSchema = z.object({
  schema: z.literal(1).describe('version of this shape'),
  outcome: z.enum(['success', 'partial', 'checkpoint', 'failed', 'cancelled']),
  exitCode: z.number().int().describe('0 success, 1 failed, 2 partial, 3 checkpoint, 130 cancelled'),
  failureType: z.string().optional().describe('where the outcome is checkpoint or failed'),
  inputs: count.describe('FASTA files that were asked for'),
  predicted: count.describe('those of them with complete results'),
  contigs: count,
  viralContigs: count,
  chunks: count,
  viralChunks: count,
  sequences: count.describe('translated frames that were classified'),
  embedding: embeddingTotalsSchema.describe('summed over inputs and both sides'),
  message: z.string().describe('one line for people'),
  offenders: z.array(offender).describe('the first five; all of them are in report.json'),
  report: z.string().describe('path of report.json relative to the output folder; empty if none could be written'),
});

const stage = z.enum(['chunking', 'translating', 'splitting', 'embedding', 'merging', 'classifying', 'consensus']);

export const predictionProgressSchema = z.object({
  schema: z.literal(1).describe('version of this shape'),
  phase: z.enum(['checking', 'predicting', 'finishing', 'done']),
  paused: z.boolean(),
  inputs: count.describe('FASTA files, 0 until checked'),
  done: count.describe('those that have gone through every stage'),
  open: z
    .array(
      z.object({
        index: count.describe('of the input in the request'),
        stem: z.string().describe('empty until its first stage has ended'),
        stage,
        nucleotide: z.string().optional().describe('workflow id of its open embedding run'),
        protein: z.string().optional().describe('workflow id of its open embedding run'),
        sequences: count.optional().describe('frames free of stops, once translated'),
      }),
    )
    .describe('inputs that are being worked on'),
  embedding: embeddingTotalsSchema.describe('of embedding runs that have ended'),
});

export const checkedPredictionSchema = z.object({
  run: runReferenceSchema,
  request: z.string().describe('SHA-256 of the whole request, which is stored in the output folder'),
  inputs: count.describe('FASTA files; a stage is asked for one of them by its index'),
  nucleotide: embedderRequestSchema.required(),
  protein: embedderRequestSchema.required(),
  onBadCheckpoint: z.enum(['fail', 'skip', 'recompute']),
  onBadSequence: z.enum(['fail', 'skip']),
  skipCheckpointValidation: z.boolean(),
  sequencesPerFile: count,
  batchSize: count.optional(),
  tuning: predictionTuningSchema.required(),
});

const stageResult = z.object({
  outcome: z.enum(['written', 'found']).describe('found: everything that the stage writes was there and was kept'),
  stem: z.string().describe('of the input'),
});

export const chunkSequencesResultSchema = stageResult.extend({ contigs: count, chunks: count });

export const translateFramesResultSchema = stageResult.extend({
  sequences: count.describe('frames free of stops; 0: nothing to embed'),
});

const sideRun = z.object({
  directory: z.string().describe('run folder of the embedding run'),
  runId: z.uuid().describe('of its run.json'),
  inputs: z
    .array(z.string())
    .optional()
    .describe('absolute paths of its split files; more than 100 go through inputsFile'),
  inputsFile: z.string().optional(),
});

export const splitSequencesResultSchema = stageResult.extend({ parts: count, nucleotide: sideRun, protein: sideRun });

export const mergeEmbeddingsResultSchema = stageResult.extend({
  merged: count.describe('parts that have a merged checkpoint now'),
  rows: count,
  missing: z.array(offender).describe('what the prediction does without; the first five'),
  missingParts: count,
  setAside: count.optional().describe('embeddings to be embedded again before this is called once more; absent: none'),
});

export const classifySequencesResultSchema = stageResult.extend({ rows: count });

export const callConsensusResultSchema = stageResult.extend({
  chunks: count,
  viralChunks: count,
  contigs: count,
  viralContigs: count,
});

/** Fails to compile when a schema and the contract disagree. */
export type PredictionResultsMatchContract = AllTrue<
  [
    Matches<PredictionOutcome, typeof predictionOutcomeSchema>,
    Matches<PredictionProgress, typeof predictionProgressSchema>,
    Matches<CheckedPrediction, typeof checkedPredictionSchema>,
    Matches<ChunkSequencesResult, typeof chunkSequencesResultSchema>,
    Matches<TranslateFramesResult, typeof translateFramesResultSchema>,
    Matches<SplitSequencesResult, typeof splitSequencesResultSchema>,
    Matches<MergeEmbeddingsResult, typeof mergeEmbeddingsResultSchema>,
    Matches<ClassifySequencesResult, typeof classifySequencesResultSchema>,
    Matches<CallConsensusResult, typeof callConsensusResultSchema>,
  ]
>;
