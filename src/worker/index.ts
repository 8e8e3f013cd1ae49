/** Ready-made workers by role. */
export { loadDataConverter } from '../converter/index.ts';
export { tracedWorkflowBundlePath, workflowBundlePath } from '../platform/workflow-bundle.ts';
export { createWorkers } from './create-workers.ts';
export { MetricsObserver, sdkLogger, startTracing } from '../observe/index.ts';
export type { ServedEmbedder, ServedWork, Tracing } from '../observe/index.ts';
export type { ActivityEvent, ActivityObserver } from '../contract/activity-events.ts';
export type { VirnucproWorkers } from './create-workers.ts';
export type { VirnucproWorkerOptions, WorkerRole } from './virnucpro-worker-options.ts';
