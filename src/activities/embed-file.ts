import { Context } from '@temporalio/activity';
import * as os from 'node:os';
import type { EmbedFileResult, TaskInput } from '../contract/activities.ts';
import { FailureType } from '../contract/failure-types.ts';
import type { EmbedHeartbeat } from '../contract/progress.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { embedderFactory } from '../embedders/index.ts';
import {
  countFruitlessFailures,
  recordFailure,
  type EpochClaim,
  type SegmentReference,
  type Spool,
} from '../spool/index.ts';
import { loadedCheck } from './bind-loaded.ts';
import { commitSignal } from './commit-signal.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { BatchEmbedder } from './embed-batch.ts';
import { embedMissingRows } from './embed-rows.ts';
import { activityLog } from './log-fields.ts';
import { secondsSince } from './observation.ts';
import type { ObservedScope } from './observed-scope.ts';
import { openTaskSpool } from './open-task-spool.ts';
import { requireFingerprint } from './require-fingerprint.ts';
import { loadTask, type LoadedTask } from './task.ts';

/** Attempts in a row that end in an embedder error without a new durable row, after which a file fails for good. */
const MAX_FRUITLESS_FAILURES = 3;

/** Failures that are the embedder's own: machines that die, shut down or lose a device do not count against a file. */
const EMBEDDER_FAILURES: ReadonlySet<FailureType> = new Set([
  FailureType.EmbeddingEmbedder,
  FailureType.EmbeddingOutOfMemory,
]);

/** Embeds the rows of one task that its spool does not hold yet. A kill costs at most the batches in flight. */
export async function embedFile(
  input: TaskInput,
  scope: ObservedScope,
  { embedders }: ActivityDependencies,
): Promise<EmbedFileResult> {
  const loaded = await loadTask(input);
  scope.observation.about(loaded);
  requireFingerprint(loaded);
  const spool = await openTaskSpool(loaded, epochClaim(), commitSignal(scope.signal));
  if (spool === undefined) return resultOf(loaded, []);
  const doneBefore = doneIn(spool);
  const { epoch, durableRows } = spool;
  scope.observation.tell({ type: 'task-opened', epoch, durableRows });
  try {
    await embedWith(embedders, loaded, spool, scope);
    return resultOf(loaded, await spool.finish(), spool);
  } catch (error) {
    throw await counted(error, loaded.spoolFolder, spool, doneBefore);
  } finally {
    await spool.close();
  }
}

/** @param segments none: the checkpoint is there already */
function resultOf(
  { spoolName, shape }: LoadedTask,
  segments: SegmentReference[],
  { skips, skipped }: Pick<Spool, 'skips' | 'skipped'> = { skips: undefined, skipped: 0 },
): EmbedFileResult {
  return { spool: spoolName, segments, rows: shape.rows - skipped, dim: shape.dim, ...(skips && { skips }) };
}

/** Records that a later attempt need not look at. */
function doneIn(spool: Spool): number {
  return spool.durableRows + spool.skipped;
}

async function embedWith(
  embedders: ActivityDependencies['embedders'],
  loaded: LoadedTask,
  spool: Spool,
  { signal, describe, observation }: ObservedScope,
): Promise<void> {
  const { description, options } = loaded.embedder;
  const factory = embedderFactory(description.name);
  const askedAt = performance.now();
  const lease = await embedders.acquire(factory, options, description, loaded.manifest.runId, signal);
  try {
    const log = activityLog();
    const warn = (message: string) => log.warn(message);
    const task = { file: loaded.inputFile, scratchFolder: loaded.spoolFolder, warn };
    const batchSize = loaded.plan.header.batchSize ?? description.batchSize;
    const check = loadedCheck(loaded);
    // A worker with another model must not even skip records of this folder.
    await check(lease.embedder);
    const { environment } = lease.embedder;
    observation.tell({ type: 'embedder-ready', seconds: secondsSince(askedAt), ...(environment && { environment }) });
    const batches = new BatchEmbedder(lease.embedder, task, batchSize, signal, { onStarted: check, observation });
    const onDurable = () => describe(heartbeatOf(loaded, spool));
    await embedMissingRows(loaded, spool, batches, { signal, observation, onDurable });
  } finally {
    await lease.release();
  }
}

function heartbeatOf({ task, shape }: LoadedTask, spool: Spool): EmbedHeartbeat {
  return { checkpoint: task.checkpoint, durableRows: spool.durableRows, rows: shape.rows };
}

function epochClaim(): EpochClaim {
  const { workflowExecution, activityId, attempt } = Context.current().info;
  return {
    host: os.hostname(),
    pid: process.pid,
    workflowId: workflowExecution?.workflowId ?? '',
    activityId,
    attempt,
  };
}

/** Counts an embedder error in the spool, where it outlives the worker, and makes the third fruitless one final. */
async function counted(error: unknown, folder: string, spool: Spool, rowsBefore: number): Promise<unknown> {
  if (!(error instanceof VirnucproError) || !EMBEDDER_FAILURES.has(error.type)) return error;
  await recordFailure(folder, { epoch: spool.epoch, rowsBefore, rowsAfter: doneIn(spool) });
  const failures = await countFruitlessFailures(folder);
  if (failures < MAX_FRUITLESS_FAILURES) return error;
  const message = `given up after ${failures} attempts without a new row: ${error.message}`;
  return new VirnucproError(error.type, message, { cause: error, final: true });
}
