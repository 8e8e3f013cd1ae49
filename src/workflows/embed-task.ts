import { ActivityFailure, ApplicationFailure, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { EmbedFileResult, SaveCheckpointResult, TaskInput, VirnucproActivities } from '../contract/activities.ts';
import { embedActivityOptions, saveActivityOptions } from '../contract/activity-options.ts';
import { FailureType } from '../contract/failure-types.ts';
import { outcomeOfFailure } from '../contract/outcome.ts';
import { MAX_REASON_LENGTH, type EmbedPartitionInput } from '../contract/partition.ts';

/** How often the rows of one task may be found missing when they are to be saved, before its file fails. */
const MAX_SPOOL_LOSSES = 3;

export type TaskOutcome = 'embedded' | 'found' | { failed: string };

export type TaskRunner = (index: number) => Promise<TaskOutcome>;

/** Makes the function that embeds and saves one task of a partition. */
export function taskRunner(input: EmbedPartitionInput): TaskRunner {
  const gpu = proxyActivities<VirnucproActivities>(
    embedActivityOptions(input.heartbeatTimeoutMs, input.range.taskQueue, input.run.runId),
  );
  const io = proxyActivities<VirnucproActivities>(saveActivityOptions(input.heartbeatTimeoutMs));

  const embedAndSave = async (index: number): Promise<SaveCheckpointResult> => {
    const task: TaskInput = { contract: 1, run: input.run, plan: input.plan, index };
    for (let losses = 0; ; losses++) {
      const rows: EmbedFileResult = await gpu.embedFile(task);
      try {
        return await io.saveCheckpoint({ ...task, rows });
      } catch (error) {
        if (failureType(error) !== FailureType.RunSpoolIncomplete || losses >= MAX_SPOOL_LOSSES) throw error;
      }
    }
  };

  return async (index) => {
    try {
      const saved = await embedAndSave(index);
      return saved.outcome === 'published' ? 'embedded' : 'found';
    } catch (error) {
      const failure = applicationFailure(error);
      if (isCancellation(error) || failure === undefined || endsRun(failure)) throw error;
      return { failed: (failure.message ?? 'unknown').slice(0, MAX_REASON_LENGTH) };
    }
  };
}

/** A checkpoint that reads back differently or belongs to other settings: nothing that is written can be trusted. */
function endsRun(failure: ApplicationFailure): boolean {
  return outcomeOfFailure(failure.type ?? '') === 'checkpoint';
}

function failureType(error: unknown): string | undefined {
  return applicationFailure(error)?.type ?? undefined;
}

/** The failure that an activity threw; one for timeouts too, so that every failed task has a reason. */
export function applicationFailure(error: unknown): ApplicationFailure | undefined {
  if (error instanceof ApplicationFailure) return error;
  if (!(error instanceof ActivityFailure)) return undefined;
  if (error.cause instanceof ApplicationFailure) return error.cause;
  return ApplicationFailure.create({ message: error.cause?.message ?? error.message, type: 'ActivityFailure' });
}
