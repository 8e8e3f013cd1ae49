import {
  CancellationScope,
  ChildWorkflowFailure,
  log,
  patched,
  startChild,
  workflowInfo,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';
import { shortExecutionId, WORKFLOW_EMBED_PARTITION } from '../contract/names.ts';
import { MAX_REPORTED_FAILURES, type EmbedPartitionInput, type EmbedPartitionResult } from '../contract/partition.ts';
import type { PlanRange, RunReference, RunRequest } from '../contract/run-request.ts';
import type { embedPartition } from './embed-partition.ts';
import { pause, resume } from './embed-partition.ts';
import type { PauseGate } from './pause.ts';
import type { RunState } from './run-state.ts';

/** Executions that began before it go on with first partitions of full size. */
const PATCH_STAGGERED = 'staggered-partitions';
/**
 * Executions that began before it name their partitions by the first digits of their run id, which two executions begun
 * within a minute have in common: one could not start its partitions while those of the other were closing.
 */
const PATCH_DISTINCT_IDS = 'distinct-partition-ids';

type Partition = ChildWorkflowHandle<typeof embedPartition>;

/** Opens partitions over the ranges of a plan and keeps a fixed number open for each, so that no queue runs dry. */
export class Partitions {
  readonly #open = new Map<string, Partition>();
  #started = 0;
  readonly #run: RunReference;
  readonly #request: RunRequest;
  readonly #plan: string;
  readonly #gate: PauseGate;
  readonly #state: RunState;

  constructor(run: RunReference, request: RunRequest, plan: string, gate: PauseGate, state: RunState) {
    this.#run = run;
    this.#request = request;
    this.#plan = plan;
    this.#gate = gate;
    this.#state = state;
  }

  /** Passes pause or resume on to every open partition; one that has just ended needs it no more. */
  tellAll(paused: boolean): void {
    for (const [id, partition] of this.#open) {
      partition
        .signal(paused ? pause : resume)
        .catch((error: unknown) => log.debug('partition was not told', { id, error }));
    }
  }

  /**
   * Works through all ranges side by side until they are done or the execution should make room for a new one.
   *
   * @param next index of the next task of each range; updated as partitions are started
   */
  async runAll(ranges: readonly PlanRange[], next: number[]): Promise<void> {
    const errors: unknown[] = [];
    await CancellationScope.cancellable(async () => {
      const scope = CancellationScope.current();
      const { partitionSize, openPartitions } = this.#request.tuning;
      const lane = async (range: PlanRange, at: number, firstSize: number) => {
        let size = firstSize;
        while (errors.length === 0 && next[at]! < range.end && !this.#shouldContinueAsNew()) {
          const start = next[at]!;
          next[at] = Math.min(range.end, start + size);
          size = partitionSize;
          await this.#runOne({ ...range, start, end: next[at] });
        }
      };
      const lanes = ranges.flatMap((range, at) => {
        const staggered = this.#isStaggered(range.end - next[at]!);
        return Array.from({ length: openPartitions }, (_, number) => {
          const firstSize = staggered ? Math.ceil((partitionSize * (number + 1)) / openPartitions) : partitionSize;
          return lane(range, at, firstSize).catch((error: unknown) => {
            errors.push(error);
            scope.cancel();
          });
        });
      });
      await Promise.all(lanes);
    });
    if (errors.length > 0) throw errors[0];
  }

  /**
   * Partitions of one size, begun together, also end together: every slot would wait until the next ones are open. So the
   * first ones differ, where others follow.
   */
  #isStaggered(tasks: number): boolean {
    const { partitionSize, openPartitions, partitionsPerExecution } = this.#request.tuning;
    const rounds = Math.min(tasks / partitionSize, partitionsPerExecution) / openPartitions;
    return rounds > 1 && patched(PATCH_STAGGERED);
  }

  #shouldContinueAsNew(): boolean {
    return workflowInfo().continueAsNewSuggested || this.#started >= this.#request.tuning.partitionsPerExecution;
  }

  async #runOne(range: PlanRange): Promise<void> {
    this.#started++;
    const id = partitionId(range);
    const input: EmbedPartitionInput = {
      contract: 1,
      run: this.#run,
      plan: this.#plan,
      range,
      maxInFlight: this.#request.tuning.maxInFlight,
      heartbeatTimeoutMs: this.#request.tuning.heartbeatTimeoutMs,
      paused: this.#gate.paused,
    };
    const partition = await startChild<typeof embedPartition>(WORKFLOW_EMBED_PARTITION, {
      workflowId: id,
      args: [input],
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
      parentClosePolicy: 'REQUEST_CANCEL',
    });
    this.#opened(id, partition, input.paused);
    let result: EmbedPartitionResult | undefined;
    try {
      result = await partition.result();
    } catch (error) {
      throw error instanceof ChildWorkflowFailure && error.cause !== undefined ? error.cause : error;
    } finally {
      this.#closed(id, result);
    }
  }

  #opened(id: string, partition: Partition, toldPaused: boolean): void {
    this.#open.set(id, partition);
    this.#state.opened(id);
    if (this.#gate.paused !== toldPaused) this.tellAll(this.#gate.paused);
  }

  #closed(id: string, result: EmbedPartitionResult | undefined): void {
    this.#open.delete(id);
    this.#state.closed(id, result);
    const room = MAX_REPORTED_FAILURES - this.#state.failures.length;
    if (result !== undefined && room > 0) this.#state.failures.push(...result.failures.slice(0, room));
  }
}

function partitionId({ start }: PlanRange): string {
  const { workflowId, runId } = workflowInfo();
  const execution = patched(PATCH_DISTINCT_IDS) ? shortExecutionId(runId) : runId.slice(0, 8);
  return `${workflowId}-${execution}-${start}`;
}
