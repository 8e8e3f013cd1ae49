// A workflow of yours that has viruses predicted by workers of virnucpro-temporal: one child for each sample.
import { executeChild, isCancellation, workflowInfo } from '@temporalio/workflow';
import {
  IO_TASK_QUEUE,
  predictionOutcomeOfError,
  WORKFLOW_PREDICT_VIRUS,
  type PredictVirusInput,
  type TypedPredictionOutcome,
} from 'virnucpro-temporal';
import type { predictVirus } from 'virnucpro-temporal/workflows';

export interface Screened {
  sample: string;
  /** Contigs that are called viral; absent where the sample could not be predicted. */
  viralContigs?: number;
  /** What the prediction does without, or why there is none. */
  problem?: string;
}

/** Screens samples side by side, each in a folder of its own. One that cannot be predicted does not stop the others. */
export async function screenSamples(samples: Record<string, PredictVirusInput>): Promise<Screened[]> {
  return Promise.all(Object.entries(samples).map(([sample, request]) => screen(sample, request)));
}

async function screen(sample: string, request: PredictVirusInput): Promise<Screened> {
  const outcome = await predict(sample, request);
  switch (outcome.outcome) {
    case 'success':
      return { sample, viralContigs: outcome.viralContigs };
    case 'partial': // sequences or files that could not be embedded are missing in the results
      return { sample, viralContigs: outcome.viralContigs, problem: outcome.message };
    case 'checkpoint':
    case 'failed':
    case 'cancelled':
      return { sample, problem: `${outcome.failureType ?? outcome.outcome}: ${outcome.message}` };
  }
}

/** Never throws because of how the prediction ended: that is its outcome. */
async function predict(sample: string, request: PredictVirusInput): Promise<TypedPredictionOutcome> {
  try {
    const outcome = await executeChild<typeof predictVirus>(WORKFLOW_PREDICT_VIRUS, {
      taskQueue: IO_TASK_QUEUE,
      workflowId: `${workflowInfo().workflowId}-${sample}`,
      // Should this workflow be terminated, predictions still make durable what they have, and write their report.
      parentClosePolicy: 'REQUEST_CANCEL',
      args: [request],
    });
    return outcome as TypedPredictionOutcome;
  } catch (error) {
    // This workflow itself was cancelled, and the child with it.
    if (isCancellation(error)) throw error;
    const outcome = predictionOutcomeOfError(error);
    if (outcome === undefined) throw error;
    return outcome;
  }
}
