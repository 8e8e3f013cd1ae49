import * as z from 'zod';
import type {
  CheckPredictionInput,
  EmbeddingTotals,
  FinishPredictionInput,
  MergeEmbeddingsInput,
  PredictionStageInput,
  PredictVirusInput,
} from '../contract/prediction.ts';
import type { Accepts, AllTrue } from './agreement.ts';
import {
  absolutePath,
  contract,
  count,
  embedderRequestSchema,
  embeddingRunInputSchema,
  finishRunInputSchema,
  runReferenceSchema,
  sha256,
  tuningSchema,
} from './contract.ts';

/** Schemas of what predictVirus and its activities are given; as those of embeddingRun, used at the edges only. */
export const predictionTuningSchema = tuningSchema.extend({
  openInputs: z.number().int().min(1).max(16).optional().describe('inputs worked on at a time; default 2'),
  inputsPerExecution: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe('inputs after which the prediction continues as new; default 100'),
});

const asInRun = embeddingRunInputSchema.shape;

export const predictVirusInputSchema = z.object({
  contract,
  directory: absolutePath.describe('output folder, made if absent, on storage that every worker sees under this path'),
  runId: asInRun.runId,
  inputs: asInRun.inputs.describe('nucleotide FASTA files or folders of them; more than 100 go through inputsFile'),
  inputsFile: asInRun.inputsFile,
  recursive: asInRun.recursive,
  model: absolutePath.describe('classifier: .pth (whole module or state dict) or .safetensors'),
  expectedLength: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .describe("letters per chunk; default: what the model's file name says (300_…, 500_…), else 500"),
  nucleotideEmbedder: embedderRequestSchema.optional().describe('default dnabert-s'),
  proteinEmbedder: embedderRequestSchema.optional().describe('default esm2-3b'),
  sequencesPerFile: asInRun.sequencesPerFile.describe('per split file; default: as the folder has it, else 10000'),
  batchSize: asInRun.batchSize,
  onBadCheckpoint: asInRun.onBadCheckpoint,
  onBadSequence: asInRun.onBadSequence,
  skipCheckpointValidation: asInRun.skipCheckpointValidation,
  keepIntermediate: z.boolean().optional().describe('keep the split FASTA files after a success; default false'),
  tuning: predictionTuningSchema.optional().describe('how the prediction proceeds, never what it computes'),
});

export const checkPredictionInputSchema = z.object({ contract, request: z.unknown() });

export const predictionStageInputSchema = z.object({
  contract,
  run: runReferenceSchema,
  request: sha256.describe('of the request in the folder'),
  index: count.describe('of the input in the request'),
});

export const mergeEmbeddingsInputSchema = predictionStageInputSchema.extend({
  allowMissing: z.boolean().describe('leave out and report parts without a sound checkpoint'),
  embedAgain: z.boolean().optional().describe('count embeddings that are set aside instead of failing; default false'),
});

export const embeddingTotalsSchema = z.object({
  tasks: count.describe('checkpoints that were asked for'),
  found: count.describe('valid ones that were there before'),
  embedded: count.describe('made by this prediction'),
  failed: count.describe('neither'),
  skipped: count.describe('bad ones, left as they are'),
  skippedSequences: count.describe('sequences that found and embedded checkpoints do without'),
  rows: count.describe('rows in all found and embedded checkpoints'),
});

export const finishPredictionInputSchema = z.object({
  contract,
  run: finishRunInputSchema.shape.run,
  request: sha256.optional().describe('absent when it ended before there was one'),
  failure: finishRunInputSchema.shape.failure,
  cancelled: z.boolean().optional(),
  partial: z.boolean().describe('an embedding run ended with holes'),
  embedding: embeddingTotalsSchema,
  startedAt: z.string(),
});

/** Fails to compile when a schema and the contract disagree. */
export type PredictionSchemasMatchContract = AllTrue<
  [
    Accepts<Omit<PredictVirusInput, 'continued'>, typeof predictVirusInputSchema>,
    Accepts<CheckPredictionInput, typeof checkPredictionInputSchema>,
    Accepts<PredictionStageInput, typeof predictionStageInputSchema>,
    Accepts<MergeEmbeddingsInput, typeof mergeEmbeddingsInputSchema>,
    Accepts<EmbeddingTotals, typeof embeddingTotalsSchema>,
    Accepts<FinishPredictionInput, typeof finishPredictionInputSchema>,
  ]
>;
