/** Ready-made workers by role. */
export { loadDataConverter } from '../converter/index.ts';
export { workflowBundlePath } from '../platform/workflow-bundle.ts';
export { createWorkers } from './create-workers.ts';
export { MetricsObserver, sdkLogger } from '../observe/index.ts';
export type { ServedEmbedder, ServedWork } from '../observe/index.ts';
export type { ActivityEvent, ActivityObserver } from '../contract/activity-events.ts';
export type { VirnucproWorkerOptions, VirnucproWorkers, WorkerRole } from './create-workers.ts';
