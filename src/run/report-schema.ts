import * as z from 'zod';
import type { RunReport, WorkerFacts } from './report.ts';
import type { TaskReport } from './tally.ts';

/**
 * The one source of docs/schemas/report.schema.json (`npm run schemas` makes it), and what reports of earlier versions are read with: fields are only
 * ever added, so unknown ones are let through and newer ones are optional.
 */
export const count = z.number().int().nonnegative();
export const time = z.string().describe('ISO 8601, UTC');
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
export const fingerprint = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

const checkpointSchema = z.looseObject({
  path: z.string().describe('relative to the run folder'),
  result: z.enum(['embedded', 'found', 'failed', 'skipped']),
  reason: z.string().optional().describe('why it failed or was skipped, or which sequences it does without'),
  input: z.string().describe('absolute path of the input'),
  embedder: z.string(),
  rows: count.optional(),
  bytes: count.optional(),
  skippedSequences: count.optional().describe('sequences that it does without'),
  sha256: sha256.optional().describe('of the file, as computed by whoever published it; absent where nobody noted it'),
  attempts: count.optional().describe('attempts to embed it in this run'),
  embedSeconds: z.number().nonnegative().optional().describe('that these attempts took together'),
});

export const workerSchema = z.looseObject({
  host: z.string(),
  pid: count,
  startedAt: time.describe('when it first worked for this run'),
  package: z.string().describe('version of virnucpro-temporal'),
  node: z.string(),
  platform: z.string(),
  embedders: z
    .record(z.string(), z.record(z.string(), z.string()))
    .optional()
    .describe('what its embedders compute with, where they say so: torch, device'),
});

const embedderSchema = z.looseObject({
  description: z.looseObject({ name: z.string(), dim: count, kind: z.string(), fingerprint }),
  options: z.record(z.string(), z.string()),
  taskQueue: z.string(),
});

export const runReportSchema = z
  .looseObject({
    schema: z.literal(1),
    outcome: z.enum(['success', 'partial', 'checkpoint', 'failed', 'cancelled']),
    exitCode: count.describe('0 success, 1 failed, 2 partial, 3 checkpoint, 130 cancelled'),
    failureType: z.string().optional().describe('where the outcome is checkpoint or failed'),
    tasks: count,
    found: count.describe('valid checkpoints that were there before'),
    embedded: count,
    failed: count,
    skipped: count.describe('bad checkpoints left as they are'),
    skippedSequences: count.describe('sequences that found and embedded checkpoints do without'),
    rows: count.describe('rows in all found and embedded checkpoints'),
    message: z.string(),
    report: z.string().describe('path of this file relative to the run folder'),
    runId: z.string(),
    workflowId: z.string(),
    workflowRunId: z.string(),
    startedAt: time,
    finishedAt: time,
    seconds: z.number(),
    validation: z.enum(['structure', 'skipped']),
    settings: z
      .looseObject({ chunkLength: count.nullable(), sequencesPerFile: count, embedders: z.array(embedderSchema) })
      .optional(),
    absentInputs: z.array(z.string()).describe('inputs of run.json that this run was not asked for'),
    notes: z.array(z.string()).describe('things to know that stopped nothing'),
    planned: z.string().optional().describe('what planning found'),
    plan: sha256.optional().describe('of the plan'),
    checkpoints: z.array(checkpointSchema),
    error: z.looseObject({ type: z.string(), message: z.string() }).optional().describe('why a run ended early'),
    fingerprints: z.record(z.string(), fingerprint).optional().describe('by embedder: what its numbers depend on'),
    server: z.looseObject({ address: z.string(), namespace: z.string() }).optional(),
    workers: z.array(workerSchema).optional().describe('processes that have worked for this run'),
  })
  .describe('report.json: how the last run of a folder ended');

/** A report as it is read: of this version or an earlier one. */
export type ReadReport = z.output<typeof runReportSchema>;

/** Fails to compile when the schema and what is written disagree. */
export type Writes<Written, Schema extends z.ZodType> = Plain<Written> extends z.input<Schema> ? true : false;
/** Interfaces do not fit what may have any other field; the same types without a name do. */
type Plain<T> = T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
export type AllTrue<T extends readonly true[]> = T;
export type SchemaMatchesReport = AllTrue<
  [
    Writes<RunReport, typeof runReportSchema>,
    Writes<TaskReport, typeof checkpointSchema>,
    Writes<WorkerFacts, typeof workerSchema>,
  ]
>;
