import * as z from 'zod';
import type {
  CheckCompatibilityResult,
  SaveCheckpointResult,
  ValidateCheckpointResult,
} from '../contract/activities.ts';
import type { RunOutcome } from '../contract/outcome.ts';
import type { EmbedHeartbeat, RunProgress } from '../contract/progress.ts';
import type { RunRequest } from '../contract/run-request.ts';
import type { AllTrue, Matches } from './agreement.ts';
import { count, embedderRequestSchema, runReferenceSchema, tuningSchema } from './contract.ts';

/**
 * What workflows and activities answer, for the JSON Schemas in docs/schemas. We make these ourselves and check none at run
 * time; that they are what the contract says is checked by the compiler, at the end of this file.
 */
export const offender = z.object({ path: z.string(), reason: z.string() });

export const runOutcomeSchema = z.object({
  schema: z.literal(1).describe('version of this shape'),
  outcome: z.enum(['success', 'partial', 'checkpoint', 'failed', 'cancelled']),
  exitCode: z.number().int().describe('0 success, 1 failed, 2 partial, 3 checkpoint, 130 cancelled'),
  failureType: z.string().optional().describe('where the outcome is checkpoint or failed'),
  tasks: count.describe('checkpoints that were asked for'),
  found: count.describe('valid ones that were there before'),
  embedded: count.describe('made by this run'),
  failed: count.describe('neither'),
  skipped: count.describe('bad ones, left as they are'),
  skippedSequences: count.describe('sequences that found and embedded checkpoints do without'),
  rows: count.describe('rows in all found and embedded checkpoints'),
  message: z.string().describe('one line for people'),
  offenders: z.array(offender).describe('the first five; all of them are in report.json'),
  report: z.string().describe('path of report.json relative to the run folder; empty if none could be written'),
});

export const runProgressSchema = z.object({
  schema: z.literal(1).describe('version of this shape'),
  phase: z.enum(['checking', 'planning', 'embedding', 'finishing', 'done']),
  paused: z.boolean(),
  total: count.describe('tasks, 0 until planned'),
  found: count.describe('valid checkpoints that were there'),
  embedded: count,
  failed: count,
  skipped: count,
  openPartitions: count,
  message: z.string().optional().describe('once planned, e.g. Found 15/20 checkpoints, resuming 5 files'),
});

export const embedHeartbeatSchema = z.object({
  checkpoint: z.string().describe('path of the checkpoint that is being made, relative to the run folder'),
  durableRows: count.describe('rows that a kill cannot lose any more'),
  rows: count.describe('rows of the task'),
});

const runRequestSchema = z.object({
  embedders: z.array(embedderRequestSchema.required()),
  onBadCheckpoint: z.enum(['fail', 'skip', 'recompute']),
  tuning: tuningSchema.required(),
});

export const checkCompatibilityResultSchema = z.object({
  run: runReferenceSchema,
  request: runRequestSchema,
  requestDigest: z.string().describe('SHA-256 of the whole request, which is stored in the run folder'),
});

export const saveCheckpointResultSchema = z.object({
  outcome: z
    .enum(['published', 'existing'])
    .describe('existing: a valid checkpoint with the same ids was there first and was kept'),
  path: z.string().describe('relative to the run folder'),
  sha256: z.string().describe('of the whole file'),
  bytes: count,
  rows: count,
  dim: count,
  skippedSequences: count.optional().describe('sequences that the checkpoint does without'),
});

export const validateCheckpointResultSchema = z.object({
  path: z.string().describe('as given'),
  kind: z.string().optional().describe('nucleotide, protein, merged, vectors, batch or generic'),
  version: z.string().optional().describe('0.x where the file has none'),
  status: z.enum(['complete', 'in_progress']).nullable().optional(),
  rows: count.optional(),
  dim: count.optional(),
  bytes: count.optional(),
  integrity: z.string().optional().describe('header, structure, verified or unverified'),
  warnings: z.array(z.string()).optional().describe('all-zero rows, duplicate ids'),
});

/** Fails to compile when a schema and the contract disagree. */
export type ResultsMatchContract = AllTrue<
  [
    Matches<RunOutcome, typeof runOutcomeSchema>,
    Matches<RunProgress, typeof runProgressSchema>,
    Matches<EmbedHeartbeat, typeof embedHeartbeatSchema>,
    Matches<RunRequest, typeof runRequestSchema>,
    Matches<CheckCompatibilityResult, typeof checkCompatibilityResultSchema>,
    Matches<SaveCheckpointResult, typeof saveCheckpointResultSchema>,
    Matches<ValidateCheckpointResult, typeof validateCheckpointResultSchema>,
  ]
>;
