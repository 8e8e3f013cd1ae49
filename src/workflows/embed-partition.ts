import {
  ApplicationFailure,
  CancellationScope,
  defineSignal,
  getExternalWorkflowHandle,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { FailureType } from '../contract/failure-types.ts';
import { SIGNAL_PARTITION_PROGRESS, SIGNAL_PAUSE, SIGNAL_RESUME } from '../contract/names.ts';
import {
  MAX_REPORTED_FAILURES,
  type EmbedPartitionInput,
  type EmbedPartitionResult,
  type PartitionProgress,
} from '../contract/partition.ts';
import { taskRunner, type TaskOutcome, type TaskRunner } from './embed-task.ts';
import { PauseGate } from './pause.ts';

export const pause = defineSignal(SIGNAL_PAUSE);
export const resume = defineSignal(SIGNAL_RESUME);
export const partitionProgress = defineSignal<[PartitionProgress]>(SIGNAL_PARTITION_PROGRESS);

/** A partition tells its run at most this often, and only when a tenth of it has been done since. */
const PROGRESS_INTERVAL_MS = 10_000;
const PROGRESS_SHARE = 0.1;

/**
 * Embeds the tasks of one range of a plan, at most `maxInFlight` at a time. A file that fails does not stop the others; a
 * checkpoint that cannot be trusted cancels the open tasks (their spools are kept) and fails the partition with its type.
 */
export async function embedPartition(input: EmbedPartitionInput): Promise<EmbedPartitionResult> {
  requirePartitionInput(input);
  const gate = new PauseGate(input.paused);
  setHandler(pause, () => void (gate.paused = true));
  setHandler(resume, () => void (gate.paused = false));
  const result: EmbedPartitionResult = { embedded: 0, found: 0, failed: 0, failures: [] };
  const tell = progressTeller(input, result);
  await runWindow(input, gate, taskRunner(input), (index, outcome) => {
    count(result, index, outcome);
    tell();
  });
  return result;
}

/** Runs the tasks in order with a bounded window; the first error cancels the open ones and is thrown once they ended. */
async function runWindow(
  input: EmbedPartitionInput,
  gate: PauseGate,
  run: TaskRunner,
  onDone: (index: number, outcome: TaskOutcome) => void,
): Promise<void> {
  await CancellationScope.cancellable(async () => {
    const scope = CancellationScope.current();
    const open = new Set<Promise<void>>();
    const errors: unknown[] = [];
    const fail = (error: unknown) => {
      errors.push(error);
      scope.cancel();
    };
    const runNext = async (index: number) => {
      await gate.pass(() => open.size < input.maxInFlight || errors.length > 0);
      if (errors.length > 0) return;
      const task: Promise<void> = run(index)
        .then((outcome) => onDone(index, outcome), fail)
        .finally(() => open.delete(task));
      open.add(task);
    };
    for (let index = input.range.start; index < input.range.end && errors.length === 0; index++) {
      await runNext(index).catch(fail);
    }
    await Promise.all(open);
    if (errors.length > 0) throw asTyped(errors[0]);
  });
}

/** The type of a task's failure must reach parents and grandparents unchanged: unwrapped from its ActivityFailure. */
function asTyped(error: unknown): unknown {
  const cause = (error as { cause?: unknown }).cause;
  return cause instanceof ApplicationFailure ? cause : error;
}

function count(result: EmbedPartitionResult, index: number, outcome: TaskOutcome): void {
  if (outcome === 'embedded') result.embedded++;
  else if (outcome === 'found') result.found++;
  else {
    result.failed++;
    if (result.failures.length < MAX_REPORTED_FAILURES) result.failures.push({ index, reason: outcome.failed });
  }
}

function progressTeller(input: EmbedPartitionInput, result: EmbedPartitionResult): () => void {
  const { parent, workflowId } = workflowInfo();
  if (parent === undefined) return () => {};
  const run = getExternalWorkflowHandle(parent.workflowId, parent.runId);
  const step = PROGRESS_SHARE * (input.range.end - input.range.start);
  let told = { done: 0, at: Date.now() };
  return () => {
    const done = result.embedded + result.found + result.failed;
    if (done - told.done < step || Date.now() - told.at < PROGRESS_INTERVAL_MS) return;
    told = { done, at: Date.now() };
    const { embedded, found, failed } = result;
    run
      .signal(partitionProgress, { partition: workflowId, embedded, found, failed })
      .catch((error: unknown) => log.debug('progress was not told', { error }));
  };
}

/** A plain error would fail only the workflow task, which is retried for ever; so a bad payload fails the workflow. */
function requirePartitionInput(input: EmbedPartitionInput): void {
  const { contract, run, plan, range, maxInFlight, heartbeatTimeoutMs } = (input ?? {}) as Partial<EmbedPartitionInput>;
  const numbers = [range?.start, range?.end, maxInFlight, heartbeatTimeoutMs];
  const sound =
    contract === 1 &&
    typeof run?.directory === 'string' &&
    typeof run.runId === 'string' &&
    typeof plan === 'string' &&
    typeof range?.taskQueue === 'string' &&
    numbers.every((value) => Number.isSafeInteger(value) && value! >= 0) &&
    maxInFlight! > 0;
  if (sound) return;
  const message =
    'embedPartition is started by embeddingRun with contract 1, run, plan, range, maxInFlight and heartbeatTimeoutMs; see docs/contract.md';
  throw ApplicationFailure.nonRetryable(message, FailureType.RunInvalidInput);
}
