import { access } from 'node:fs/promises';
import { workflowBundlePath } from '../platform/workflow-bundle.ts';
import type { WorkflowHistory } from './histories.ts';

/** What replaying one history showed. */
export interface ReplayVerdict {
  workflowId: string;
  runId: string;
  events: number;
  /** Where the code of this version decides otherwise than the history; absent if it decides the same. */
  divergence?: string;
}

/**
 * Runs the workflow code of this version against recorded histories. Nothing is executed: activities are answered from
 * the history. Needs no server.
 *
 * ```ts
 * for await (const { workflowId, divergence } of replayHistories([await readHistoryFile('run.json')])) {
 *   console.log(workflowId, divergence ?? 'same decisions');
 * }
 * ```
 *
 * @throws the errno error if the workflow bundle is missing
 */
export async function* replayHistories(
  histories: Iterable<WorkflowHistory> | AsyncIterable<WorkflowHistory>,
): AsyncGenerator<ReplayVerdict> {
  // Loaded here: a client that replays nothing does without the worker's native module.
  const { Worker } = await import('@temporalio/worker');
  const codePath = workflowBundlePath();
  await access(codePath);
  const options = { workflowBundle: { codePath } };
  for await (const { workflowId, runId, history } of histories) {
    const verdict = { workflowId, runId, events: history.events?.length ?? 0 };
    try {
      await Worker.runReplayHistory(options, history, workflowId);
      yield verdict;
    } catch (error) {
      yield { ...verdict, divergence: explain(error as Error) };
    }
  }
}

/** The core wraps its finding in the debug form of its own structures, from which only the inner message says something. */
function explain({ message }: Error): string {
  const inner = /Failure \{ message: "((?:[^"\\]|\\.)*)"/u.exec(message)?.[1];
  return inner?.replaceAll(/\\(.)/gu, '$1') ?? message;
}
