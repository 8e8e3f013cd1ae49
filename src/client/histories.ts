import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { historyFromJSON, historyToJSON, type History } from '@temporalio/common/lib/proto-utils.js';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { FailureType } from '../contract/failure-types.ts';
import {
  shortExecutionId,
  WORKFLOW_EMBED_PARTITION,
  WORKFLOW_EMBEDDING_RUN,
  WORKFLOW_PREDICT_VIRUS,
} from '../contract/names.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { replaceFile } from '../run/atomic-file.ts';
import { internal } from '../run/run-folder.ts';
import { asNotFound, describeExecution } from './describe.ts';

/** What one workflow execution recorded. */
export interface WorkflowHistory {
  workflowId: string;
  runId: string;
  history: History;
}

type Event = NonNullable<History['events']>[number];

interface Execution {
  workflowId: string;
  runId: string;
}

/**
 * Stores the histories of a run, and of its child workflows that did not complete, in `DIR/.virnucpro/histories`, where
 * `virnucpro replay DIR` finds them when the server has long forgotten them. A handle does so by itself.
 *
 * @returns paths of the files written
 * @throws WorkflowNotFoundError if the server does not know the run
 * @throws the errno error if DIR is not there or cannot be written
 */
export async function saveHistories(client: Client, workflowId: string, directory: string): Promise<string[]> {
  const folder = path.join(directory, internal.histories);
  // A DIR that this host does not see is not made here.
  await fs.access(directory);
  await fs.mkdir(folder, { recursive: true });
  const written: string[] = [];
  for await (const found of fetchRunHistories(client, workflowId, 'unsuccessful')) {
    const file = path.join(folder, historyFileName(found));
    await replaceFile(file, historyToJSON(found.history));
    written.push(file);
  }
  return written;
}

/** Under which name an execution is stored; the run id keeps the executions of one workflow apart. */
export function historyFileName({ workflowId, runId }: Execution): string {
  return `${encodeURIComponent(workflowId)}-${shortExecutionId(runId)}.json`;
}

/** Whether {@link saveHistories} has stored the history of this execution. */
export async function hasStoredHistory(directory: string, execution: Execution): Promise<boolean> {
  const stored = await storedHistories(directory);
  return stored.some((file) => path.basename(file) === historyFileName(execution));
}

/** Paths of the histories that {@link saveHistories} stored in a run folder. */
export async function storedHistories(directory: string): Promise<string[]> {
  const folder = path.join(directory, internal.histories);
  try {
    const names = await fs.readdir(folder);
    const histories = names.filter((name) => name.endsWith('.json') && !name.startsWith('.'));
    return histories.toSorted().map((name) => path.join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * Reads a history as {@link saveHistories}, `temporal workflow show --output json` or the web interface wrote it.
 *
 * @throws VirnucproError `RunError.InvalidInput` if the file is not such a history
 * @throws the errno error if it cannot be read
 */
export async function readHistoryFile(file: string): Promise<WorkflowHistory> {
  const text = await fs.readFile(file, 'utf8');
  let history: History;
  try {
    history = historyFromJSON(JSON.parse(text));
  } catch (error) {
    throw notAHistory(file, (error as Error).message);
  }
  const execution = executionOf(history);
  if (execution === undefined) throw notAHistory(file, 'its first event does not start a workflow');
  return { workflowId: execution.workflowId || path.basename(file, '.json'), runId: execution.runId, history };
}

function notAHistory(file: string, reason: string): VirnucproError {
  return new VirnucproError(
    FailureType.RunInvalidInput,
    `${file} is not a workflow history in JSON (${reason}); make one with: temporal workflow show --output json`,
  );
}

function executionOf(history: History): Execution | undefined {
  const started = history.events?.[0]?.workflowExecutionStartedEventAttributes;
  if (!started) return undefined;
  return { workflowId: started.workflowId ?? '', runId: started.originalExecutionRunId ?? '' };
}

/**
 * Histories of a run from the server, newest execution first: its own, those it continued from, and those of its child
 * workflows and of theirs: the partitions of a run, the runs of a prediction.
 *
 * @param children `unsuccessful`: only those that did not complete
 * @throws WorkflowNotFoundError if the server does not know the run; older executions and children that it has already
 *   forgotten are left out
 */
export async function* fetchRunHistories(
  client: Client,
  workflowId: string,
  children: 'all' | 'unsuccessful',
): AsyncGenerator<WorkflowHistory> {
  let next: WorkflowHistory | undefined = await fetchHistory(client, { workflowId });
  while (next !== undefined) {
    const found: WorkflowHistory = next;
    yield found;
    yield* historiesOfChildren(client, found, children);
    const before = found.history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId;
    next = before ? await fetchHistory(client, { workflowId, runId: before }).catch(ignoreForgotten) : undefined;
  }
}

/** With those that each of them has continued as, oldest first. */
async function* historiesOfChildren(
  client: Client,
  { history }: WorkflowHistory,
  which: 'all' | 'unsuccessful',
): AsyncGenerator<WorkflowHistory> {
  for (const child of childExecutions(history.events ?? [], which)) {
    let next: WorkflowHistory | undefined = await fetchHistory(client, child).catch(ignoreForgotten);
    while (next !== undefined) {
      const found: WorkflowHistory = next;
      yield found;
      yield* historiesOfChildren(client, found, which);
      const after = found.history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
      const { workflowId } = child;
      next = after ? await fetchHistory(client, { workflowId, runId: after }).catch(ignoreForgotten) : undefined;
    }
  }
}

/** Child workflows that a history started, in the order of their start. */
function childExecutions(events: readonly Event[], which: 'all' | 'unsuccessful'): Execution[] {
  const children: Execution[] = [];
  for (const event of events) {
    const { workflowId, runId } = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution ?? {};
    if (workflowId && runId) children.push({ workflowId, runId });
    // Of one that has continued as new this names its last execution, and the event above its first one.
    const completed = event.childWorkflowExecutionCompletedEventAttributes?.workflowExecution?.workflowId;
    if (!completed || which === 'all') continue;
    const at = children.findLastIndex((child) => child.workflowId === completed);
    if (at >= 0) children.splice(at, 1);
  }
  return children;
}

/**
 * History of one execution; without a run id that of the latest one.
 *
 * @throws WorkflowNotFoundError if the server does not know it, or not any more
 */
export async function fetchHistory(
  client: Client,
  { workflowId, runId }: { workflowId: string; runId?: string },
): Promise<WorkflowHistory> {
  // Its events do not say: those of a run that was reset name the run that it was reset from.
  const known =
    runId ?? (await describeExecution(client, { workflowId })).workflowExecutionInfo?.execution?.runId ?? '';
  try {
    const history = await client.workflow.getHandle(workflowId, known).fetchHistory();
    return { workflowId, runId: known, history };
  } catch (error) {
    throw asNotFound(error, { workflowId, runId: known });
  }
}

function ignoreForgotten(error: unknown): undefined {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
  return undefined;
}

const OUR_WORKFLOWS = [WORKFLOW_PREDICT_VIRUS, WORKFLOW_EMBEDDING_RUN, WORKFLOW_EMBED_PARTITION];
const OUR_TYPES = `WorkflowType IN (${OUR_WORKFLOWS.map((type) => `'${type}'`).join(', ')})`;

/**
 * Executions of our workflows that are in trouble: failed, timed out, terminated, or running with a workflow task that
 * fails again and again.
 */
export async function* failedExecutions(client: Client): AsyncGenerator<Execution> {
  yield* executions(client, `${OUR_TYPES} AND ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated')`);
  for await (const execution of executions(client, `${OUR_TYPES} AND ExecutionStatus = 'Running'`)) {
    const { pendingWorkflowTask } = await describeExecution(client, execution);
    if ((pendingWorkflowTask?.attempt ?? 0) > 1) yield execution;
  }
}

/** Without their memos, which `client.workflow.list` would decode. */
async function* executions(client: Client, query: string): AsyncGenerator<Execution> {
  let nextPageToken: Uint8Array | null | undefined;
  do {
    const page = await client.workflowService.listWorkflowExecutions({
      namespace: client.options.namespace,
      query,
      ...(nextPageToken ? { nextPageToken } : {}),
    });
    for (const { execution } of page.executions ?? []) {
      if (execution?.workflowId && execution.runId) yield { workflowId: execution.workflowId, runId: execution.runId };
    }
    ({ nextPageToken } = page);
  } while (nextPageToken && nextPageToken.length > 0);
}
