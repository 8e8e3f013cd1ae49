import * as z from 'zod';
import { PREDICTION_STAGES } from '../contract/prediction.ts';
import { count, sha256, time, workerSchema, type AllTrue, type Writes } from '../run/report-schema.ts';
import type { PredictionReport } from './report-types.ts';

/**
 * The one source of docs/schemas/prediction-report.schema.json (`npm run schemas` makes it), and what reports of earlier
 * versions are read with: unknown fields are let through, and what is added later is optional.
 */
const outcome = z.enum(['success', 'partial', 'checkpoint', 'failed', 'cancelled']);

const embeddingTotalsSchema = z.looseObject({
  tasks: count,
  found: count,
  embedded: count,
  failed: count,
  skipped: count,
  skippedSequences: count,
  rows: count,
});

const stageSchema = z.looseObject({
  stage: z.enum(PREDICTION_STAGES),
  outcome: z.enum(['written', 'found']).describe('found: it was there before this prediction started'),
  startedAt: time.describe('when it was made, which may be before this prediction'),
  seconds: z.number().nonnegative(),
  rows: count.describe(
    'chunks; frames; sequences; of merging, classifying and consensus the sequences that were classified',
  ),
  host: z.string(),
  pid: count,
});

const fileSchema = z.looseObject({
  path: z.string().describe('relative to the folder of the prediction'),
  bytes: count,
  sha256,
});

const embeddingSchema = z.looseObject({
  side: z.enum(['nucleotide', 'protein']),
  directory: z.string().describe('its run folder, relative to the folder of the prediction'),
  report: z.string().describe('its report.json, relative to the folder of the prediction'),
  embedder: z.string(),
  outcome,
  runId: z.string(),
  workflowId: z.string(),
  startedAt: time,
  finishedAt: time,
  seconds: z.number(),
  computed: count.describe('rows in the checkpoints that it made itself'),
  inThisRun: z.boolean().describe('whether it ran for this prediction, or is left from an earlier one'),
  ...embeddingTotalsSchema.shape,
});

const predictionSchema = z.looseObject({
  input: z.string().describe('absolute path of the FASTA file'),
  stem: z.string(),
  sha256: sha256.describe('of the decompressed input'),
  result: z.enum(['predicted', 'partial', 'missing']).describe('partial: without some sequences'),
  reason: z.string().optional().describe('why it is not predicted'),
  contigs: count,
  emptyContigs: count.describe('sequences of length 0, which are left out'),
  letters: count,
  viralContigs: count,
  chunks: count,
  viralChunks: count,
  sequences: count.describe('translated frames that were classified'),
  stages: z.array(stageSchema),
  embeddings: z.array(embeddingSchema),
  files: z.array(fileSchema),
});

const histogramSchema = z.looseObject({
  virus: z.array(count).describe('in 20 spans of 0.05 from 0 to 1'),
  others: z.array(count),
});

const sideSchema = z.looseObject({
  embedder: z.looseObject({ name: z.string(), options: z.record(z.string(), z.string()), taskQueue: z.string() }),
  dim: count,
  kind: z.string(),
  suffix: z.string(),
});

export const predictionReportSchema = z
  .looseObject({
    schema: z.literal(1),
    kind: z.literal('prediction').describe('a report without this field is that of an embedding run'),
    outcome,
    exitCode: count.describe('0 success, 1 failed, 2 partial, 3 checkpoint, 130 cancelled'),
    failureType: z.string().optional().describe('where the outcome is checkpoint or failed'),
    inputs: count.describe('FASTA files that were asked for'),
    predicted: count.describe('those with complete results'),
    contigs: count,
    viralContigs: count,
    chunks: count,
    viralChunks: count,
    sequences: count.describe('translated frames that were classified'),
    embedding: embeddingTotalsSchema.describe('of the embedding runs of this prediction, summed'),
    message: z.string(),
    report: z.string().describe('path of this file relative to its folder'),
    runId: z.string(),
    workflowId: z.string(),
    workflowRunId: z.string(),
    startedAt: time,
    finishedAt: time,
    seconds: z.number(),
    validation: z.enum(['structure', 'skipped']).describe('of checkpoints and files that were found'),
    request: sha256.optional().describe('of the request in .virnucpro/requests'),
    settings: z
      .looseObject({
        expectedLength: count.describe('letters per chunk'),
        sequencesPerFile: count,
        nucleotide: sideSchema,
        protein: sideSchema,
        onBadCheckpoint: z.enum(['fail', 'skip', 'recompute']),
        onBadSequence: z.enum(['fail', 'skip']),
        keepIntermediate: z.boolean(),
        batchSize: count.nullable(),
      })
      .optional(),
    classifier: z
      .looseObject({
        path: z.string(),
        sha256,
        format: z.enum(['module', 'state-dict', 'safetensors']),
        features: count,
        hidden: count,
        classes: count,
      })
      .optional(),
    predictions: z.array(predictionSchema).describe('one for each input, in their order'),
    scores: z
      .looseObject({ sequences: histogramSchema, contigs: histogramSchema.describe('by their mean score') })
      .optional()
      .describe('scores of class virus, by what was called'),
    failures: z
      .array(z.looseObject({ path: z.string(), reason: z.string() }))
      .describe('what could not be made and what the prediction does without; at most 1,000'),
    notes: z.array(z.string()).describe('things to know that stopped nothing'),
    error: z.looseObject({ type: z.string(), message: z.string() }).optional().describe('why it ended early'),
    server: z.looseObject({ address: z.string(), namespace: z.string() }).optional(),
    finishedBy: workerSchema.describe('the process that has written this file'),
    workers: z.array(workerSchema).describe('processes that have worked for its embedding runs'),
  })
  .describe('report.json of a prediction: how the last one of a folder ended');

/** A report as it is read: of this version or an earlier one. */
export type ReadPredictionReport = z.output<typeof predictionReportSchema>;

/** Fails to compile when the schema and what is written disagree. */
export type SchemaMatchesPredictionReport = AllTrue<[Writes<PredictionReport, typeof predictionReportSchema>]>;
