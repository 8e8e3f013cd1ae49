// A workflow of yours that uses the activities one by one: it embeds file after file, and hands each checkpoint on as soon as it
// is there and found valid, while the others are still to be made.
import { CancellationScope, isCancellation, proxyActivities, workflowInfo } from '@temporalio/workflow';
import {
  embedActivityOptions,
  ioActivityOptions,
  saveActivityOptions,
  type EmbeddingRunInput,
  type FinishRunInput,
  type RunOutcome,
  type TaskInput,
  type VirnucproActivities,
} from 'virnucpro-temporal';
import type { OwnActivities } from './own-activities.js';

const HEARTBEAT_TIMEOUT_MS = 15_000;

// The same timeouts and retries as in our own workflows.
const io = proxyActivities<VirnucproActivities>(ioActivityOptions(HEARTBEAT_TIMEOUT_MS));
const { saveCheckpoint } = proxyActivities<VirnucproActivities>(saveActivityOptions(HEARTBEAT_TIMEOUT_MS));
const { handOn } = proxyActivities<OwnActivities>({ startToCloseTimeout: '1 hour' });

/** @returns what `embeddingRun` would: the outcome, counted from what is on disk */
export async function embedAndHandOn(request: EmbeddingRunInput, target: string): Promise<RunOutcome> {
  const startedAt = workflowInfo().startTime.toISOString();
  // Claims the run folder for this workflow: nobody else writes there until finishRun.
  const { run, requestDigest } = await io.checkCompatibility({ contract: 1, request });
  const end: FinishRunInput = { contract: 1, run, taskFailures: [], startedAt };
  try {
    // What is there and valid is found, and is not in the ranges.
    end.plan = await io.planRun({ contract: 1, run, requestDigest });
    for (const { start, end: after, taskQueue } of end.plan.bad > 0 ? [] : end.plan.ranges) {
      const { embedFile } = proxyActivities<VirnucproActivities>(
        embedActivityOptions(HEARTBEAT_TIMEOUT_MS, taskQueue, run.runId),
      );
      for (let index = start; index < after; index++) {
        const task: TaskInput = { contract: 1, run, plan: end.plan.plan, index };
        try {
          const rows = await embedFile(task);
          const { path } = await saveCheckpoint({ ...task, rows });
          const checked = await io.validateCheckpoint({ contract: 1, path: `${run.directory}/${path}`, level: 'deep' });
          await handOn(checked, target);
        } catch (error) {
          if (isCancellation(error)) throw error;
          end.taskFailures.push({ index, reason: reasonOf(error) });
        }
      }
    }
  } catch (error) {
    // Gives the folder up in any case; the outcome says that the run was cut short.
    const cut = isCancellation(error)
      ? { cancelled: true }
      : { failure: { type: 'CutShort', message: reasonOf(error) } };
    await CancellationScope.nonCancellable(() => io.finishRun({ ...end, ...cut }));
    throw error;
  }
  return io.finishRun(end);
}

/** What an activity failed with stands in the cause of what the workflow gets. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error ? cause.message : message;
}
