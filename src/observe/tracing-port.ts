import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { WorkerOptions } from '@temporalio/worker';
import type { ActivityObserver } from '../contract/activity-events.ts';

/** Traces of this process on their way to a collector. */
export interface Tracing {
  /** For `new Client({ interceptors: { workflow } })`: what starts, signals and cancels. */
  readonly clientInterceptors: WorkflowClientInterceptor[];
  /** For workers: activities, and what comes out of the sandbox of workflows. */
  readonly interceptors: NonNullable<WorkerOptions['interceptors']>;
  readonly sinks: NonNullable<WorkerOptions['sinks']>;
  readonly observer: ActivityObserver;
  /** Modules of the workflow interceptors, for workflow code that is bundled anew. */
  readonly workflowModules: readonly string[];
  /** Sends what has not been sent yet. Traces that cannot be delivered are lost, and the log says so. */
  stop(): Promise<void>;
}

/** Where what goes wrong is told. */
export type TellTrouble = (message: string) => void;
