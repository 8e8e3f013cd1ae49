import * as z from 'zod';
import type {
  CheckCompatibilityInput,
  FinishRunInput,
  PlanRunInput,
  SaveCheckpointInput,
  TaskInput,
  ValidateCheckpointInput,
} from '../contract/activities.ts';
import type { EmbeddingRunInput, PlanSummary, RunReference } from '../contract/run-request.ts';
import type { Accepts, AllTrue } from './agreement.ts';

/**
 * Schemas of everything that crosses a boundary. zod adds 1 MB to a workflow bundle, so they are used at the edges only:
 * the client before it starts a run, and every activity at its entry. Unknown fields are ignored.
 */
export const contract = z.literal(1);
export const count = z.number().int().nonnegative();
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits');
export const absolutePath = z.string().regex(/^\//, 'expected an absolute path');

/** Longer lists go through `inputsFile`: a payload stays below 64 KiB. */
export const MAX_INLINE_INPUTS = 100;

export const tuningSchema = z.object({
  heartbeatTimeoutMs: z
    .number()
    .int()
    .min(1000)
    .max(3_600_000)
    .optional()
    .describe('a worker silent for so long is taken for dead; default 15000'),
  partitionSize: z.number().int().min(1).max(2000).optional().describe('tasks per embedPartition; default 500'),
  maxInFlight: z.number().int().min(1).max(500).optional().describe('tasks in flight per embedPartition; default 32'),
  openPartitions: z
    .number()
    .int()
    .min(1)
    .max(16)
    .optional()
    .describe('partitions open at a time, for each embedder; default 2'),
  partitionsPerExecution: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe('partitions after which the run continues as new; default 300'),
});

const embedderName = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'expected lower-case letters, digits and dashes');

export const embedderRequestSchema = z.object({
  name: embedderName,
  options: z.record(z.string(), z.string()).optional().describe('see virnucpro embed --help'),
  taskQueue: z.string().min(1).max(200).optional().describe('of its embedFile tasks; default virnucpro-gpu-<name>'),
});

export const embeddingRunInputSchema = z.object({
  contract,
  directory: absolutePath.describe('run folder, made if absent, on storage that every worker sees under this path'),
  runId: z.uuid().optional().describe('what run.json must hold; default: taken from there, or a new one is made'),
  inputs: z
    .array(absolutePath)
    .min(1)
    .max(MAX_INLINE_INPUTS)
    .optional()
    .describe('FASTA files or folders of them; more than 100 go through inputsFile'),
  inputsFile: z
    .string()
    .regex(/^\.virnucpro\/inputs\/[0-9a-f]{64}\.txt$/, 'expected .virnucpro/inputs/<sha256>.txt')
    .optional()
    .describe('file in the run folder with one absolute path a line; read if inputs is absent'),
  recursive: z.boolean().optional().describe('folders give the files of their sub-folders too; default false'),
  embedders: z.array(embedderRequestSchema).min(1).max(16).describe('each name once'),
  alphabet: z
    .enum(['nucleotide', 'protein'])
    .optional()
    .describe('what the inputs hold; default: nucleotides if at least 95 % of their letters are ACGTN'),
  chunkLength: z
    .number()
    .int()
    .min(1)
    .max(1_000_000_000)
    .optional()
    .describe('letters of the windows that sequences are cut into; default: they are embedded whole'),
  sequencesPerFile: z.number().int().min(1).max(1_000_000).optional().describe('windows per checkpoint; default 10000'),
  batchSize: z.number().int().min(1).max(100_000).optional().describe('sequences per batch; default: of the embedder'),
  onBadCheckpoint: z
    .enum(['fail', 'skip', 'recompute'])
    .optional()
    .describe('what to do about corrupted and incompatible checkpoints; default fail'),
  onBadSequence: z
    .enum(['fail', 'skip'])
    .optional()
    .describe('what to do about a sequence that cannot be embedded; default fail'),
  skipCheckpointValidation: z.boolean().optional().describe('believe the content of checkpoints that are there'),
  tuning: tuningSchema.optional().describe('how the run proceeds, never what it computes'),
});

export const runReferenceSchema = z.object({ directory: absolutePath, runId: z.uuid() });

export const checkCompatibilityInputSchema = z.object({ contract, request: z.unknown() });

export const planRunInputSchema = z.object({ contract, run: runReferenceSchema, requestDigest: sha256 });

export const taskInputSchema = z.object({ contract, run: runReferenceSchema, plan: sha256, index: count });

const segmentSchema = z.object({
  name: z.string().regex(/^[\w-][\w.-]*$/, 'expected a file name'),
  bytes: count,
  crc32: z.string().regex(/^[0-9a-f]{8}$/, 'expected 8 lower-case hex digits'),
});

export const embedFileResultSchema = z.object({
  spool: z.string().regex(/^\.virnucpro\/spool\/[\w-][\w.-]*$/, 'expected .virnucpro/spool/<task>'),
  segments: z.array(segmentSchema),
  rows: count,
  dim: z.number().int().min(1),
  skips: segmentSchema.optional(),
});

export const saveCheckpointInputSchema = taskInputSchema.extend({ rows: embedFileResultSchema });

export const validateCheckpointInputSchema = z.object({
  contract,
  path: absolutePath,
  level: z.enum(['header', 'structure', 'deep']).optional(),
  requireKeys: z.array(z.string()).optional(),
});

const planRangeSchema = z.object({ embedder: z.string(), taskQueue: z.string(), start: count, end: count });

export const planSummarySchema = z.object({
  plan: sha256,
  total: count,
  found: count,
  pending: count,
  skipped: count,
  bad: count,
  ranges: z.array(planRangeSchema),
  message: z.string(),
});

export const finishRunInputSchema = z.object({
  contract,
  run: z.object({ directory: z.string(), runId: z.string() }),
  plan: planSummarySchema.optional(),
  failure: z
    .object({
      type: z.string(),
      message: z.string(),
      offenders: z.array(z.object({ path: z.string(), reason: z.string() })).optional(),
    })
    .optional(),
  cancelled: z.boolean().optional(),
  taskFailures: z.array(z.object({ index: count, reason: z.string() })),
  startedAt: z.string(),
});

/** Fails to compile when a schema and the contract disagree. */
export type SchemasMatchContract = AllTrue<
  [
    Accepts<Omit<EmbeddingRunInput, 'continued'>, typeof embeddingRunInputSchema>,
    Accepts<RunReference, typeof runReferenceSchema>,
    Accepts<CheckCompatibilityInput, typeof checkCompatibilityInputSchema>,
    Accepts<PlanRunInput, typeof planRunInputSchema>,
    Accepts<TaskInput, typeof taskInputSchema>,
    Accepts<SaveCheckpointInput, typeof saveCheckpointInputSchema>,
    Accepts<ValidateCheckpointInput, typeof validateCheckpointInputSchema>,
    Accepts<PlanSummary, typeof planSummarySchema>,
    Accepts<FinishRunInput, typeof finishRunInputSchema>,
  ]
>;
