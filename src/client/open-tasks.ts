import type { Client } from '@temporalio/client';
import { WORKFLOW_EMBED_PARTITION, WORKFLOW_PREDICT_VIRUS } from '../contract/names.ts';
import { describeExecution, type Description } from './describe.ts';
import { openTree } from './open-tree.ts';

/** A task of a run that is with a worker or waits for one. */
export interface OpenTask {
  /** undefined: an old server that does not say. */
  queue: string | undefined;
  type: 'workflow' | 'activity';
  state: 'waiting' | 'running';
  /** When it could first have been taken, in milliseconds since 1970; a retry that is not due yet lies in the future. */
  since: number;
  /** Absent for a workflow task. */
  activity?: PendingActivity;
}

export type PendingActivity = NonNullable<Description['pendingActivities']>[number];
type Timestamp = PendingActivity['scheduledTime'];

/** temporal.api.enums.v1.PendingActivityState; a task that is paused neither waits nor runs. */
const ACTIVITY_STATES: ReadonlyMap<number, OpenTask['state']> = new Map([
  [1, 'waiting'],
  [2, 'running'],
  // Asked to end, and still with its worker.
  [3, 'running'],
  [5, 'running'],
]);
/** temporal.api.enums.v1.PendingWorkflowTaskState */
const WORKFLOW_TASK_STARTED = 2;

const EMBED_FILE = 'embedFile';

/** The open tasks of a run or prediction and of its open child workflows. */
export async function openTasksOfRun(client: Client, workflowId: string): Promise<OpenTask[]> {
  const tasks: OpenTask[] = [];
  for await (const { description } of openTree(client, workflowId)) tasks.push(...tasksOf(description));
  return tasks;
}

const WITH_LONG_TASKS = `WorkflowType IN ('${WORKFLOW_EMBED_PARTITION}', '${WORKFLOW_PREDICT_VIRUS}')`;

/**
 * Whether a task of an open partition or prediction on this server is with a worker of the queue; at most 50 of them are
 * looked at.
 */
export async function isAnyTaskRunning(client: Client, queue: string): Promise<boolean> {
  const { executions } = await client.workflowService.listWorkflowExecutions({
    namespace: client.options.namespace,
    query: `${WITH_LONG_TASKS} AND ExecutionStatus = 'Running'`,
    pageSize: 50,
  });
  for (const { execution } of executions ?? []) {
    if (!execution?.workflowId) continue;
    const tasks = tasksOf(await describeExecution(client, { workflowId: execution.workflowId }));
    if (tasks.some((task) => task.queue === queue && task.state === 'running')) return true;
  }
  return false;
}

function tasksOf({ executionConfig, pendingWorkflowTask, pendingActivities }: Description): OpenTask[] {
  const ownQueue = executionConfig?.taskQueue?.name ?? undefined;
  const tasks: OpenTask[] = [];
  if (pendingWorkflowTask) {
    const isStarted = Number(pendingWorkflowTask.state) === WORKFLOW_TASK_STARTED;
    const since = milliseconds(pendingWorkflowTask.scheduledTime);
    tasks.push({ queue: ownQueue, type: 'workflow', state: isStarted ? 'running' : 'waiting', since });
  }
  for (const activity of pendingActivities ?? []) {
    const state = ACTIVITY_STATES.get(Number(activity.state));
    if (state === undefined) continue;
    const isEmbedding = activity.activityType?.name === EMBED_FILE;
    const queue = activity.activityOptions?.taskQueue?.name ?? (isEmbedding ? undefined : ownQueue);
    const since = Math.max(milliseconds(activity.scheduledTime), milliseconds(activity.nextAttemptScheduleTime));
    tasks.push({ queue, type: 'activity', state, since, activity });
  }
  return tasks;
}

function milliseconds(time: Timestamp): number {
  return Number(time?.seconds ?? 0) * 1000 + Math.floor((time?.nanos ?? 0) / 1_000_000);
}
