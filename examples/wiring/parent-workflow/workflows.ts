// A workflow of yours that has embedding runs done by workers of virnucpro-temporal, as children on their queue.
import { ApplicationFailure, executeChild, isCancellation, workflowInfo } from '@temporalio/workflow';
import {
  FailureType,
  IO_TASK_QUEUE,
  outcomeOfError,
  WORKFLOW_EMBEDDING_RUN,
  type EmbeddingRunInput,
  type TypedOutcome,
} from 'virnucpro-temporal';
import type { embeddingRun } from 'virnucpro-temporal/workflows';

export interface Batch {
  /** Run folder, on storage that the workers see. */
  directory: string;
  /** FASTA files or folders of them. */
  inputs: string[];
}

export interface BatchResult {
  checkpoints: number;
  /** A damaged checkpoint was set aside and made again. */
  repaired: boolean;
  /** Files or sequences that could not be embedded, for whoever looks at them. */
  holes: { path: string; reason: string }[];
}

/** Embeds a batch. A damaged checkpoint is made again, holes are accepted, anything else needs a person. */
export async function embedBatch({ directory, inputs }: Batch): Promise<BatchResult> {
  const request: EmbeddingRunInput = { contract: 1, directory, inputs, embedders: [{ name: 'kmer' }] };
  let outcome = await embed(request, 'embed');
  const repaired = outcome.outcome === 'checkpoint' && outcome.failureType === FailureType.CheckpointCorrupted;
  if (repaired) outcome = await embed({ ...request, onBadCheckpoint: 'recompute' }, 'repair');
  switch (outcome.outcome) {
    case 'success':
    case 'partial':
      return { checkpoints: outcome.found + outcome.embedded, repaired, holes: outcome.offenders };
    case 'checkpoint': // made with other settings, for example: nothing that a retry could cure
    case 'failed':
    case 'cancelled':
      throw ApplicationFailure.create({
        message: `${directory}: ${outcome.message}`,
        type: outcome.failureType ?? 'EmbeddingEnded',
        nonRetryable: true,
        details: [outcome],
      });
  }
}

/** Never throws because of how the run ended: that is its outcome. */
async function embed(request: EmbeddingRunInput, step: string): Promise<TypedOutcome> {
  try {
    const outcome = await executeChild<typeof embeddingRun>(WORKFLOW_EMBEDDING_RUN, {
      taskQueue: IO_TASK_QUEUE,
      workflowId: `${workflowInfo().workflowId}-${step}`,
      // Should this workflow be terminated, tasks at work still make durable what they have.
      parentClosePolicy: 'REQUEST_CANCEL',
      args: [request],
    });
    return outcome as TypedOutcome;
  } catch (error) {
    // This workflow itself was cancelled, and the child with it.
    if (isCancellation(error)) throw error;
    const outcome = outcomeOfError(error);
    if (outcome === undefined) throw error;
    return outcome;
  }
}
