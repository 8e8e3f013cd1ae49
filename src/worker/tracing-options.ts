import type { WorkerOptions } from '@temporalio/worker';
import { workflowBundleFor, type WorkflowCode } from '../converter/index.ts';
import { tracedWorkflowBundlePath, workflowBundlePath } from '../platform/workflow-bundle.ts';
import type { VirnucproWorkerOptions } from './virnucpro-worker-options.ts';

/** The workflow code of a worker: what its interceptors and converters inside the sandbox are is part of it. */
export function workflowCodeOf({ dataConverter, tracing }: VirnucproWorkerOptions): Promise<WorkflowCode> {
  const shipped = tracing === undefined ? workflowBundlePath() : tracedWorkflowBundlePath();
  return workflowBundleFor(dataConverter, shipped, tracing?.workflowModules);
}

/** @returns the user's options of each Worker, with what makes traces */
export function withTracing({ tracing, workerOptions = {} }: VirnucproWorkerOptions): Partial<WorkerOptions> {
  if (tracing === undefined) return workerOptions;
  const { interceptors = {}, sinks } = workerOptions;
  const activity = [...(tracing.interceptors.activity ?? []), ...(interceptors.activity ?? [])];
  return { ...workerOptions, sinks: { ...tracing.sinks, ...sinks }, interceptors: { ...interceptors, activity } };
}
