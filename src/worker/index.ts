/** Ready-made workers by role. */
export { createWorkers, workflowBundlePath } from './create-workers.ts';
export type { VirnucproWorkerOptions, VirnucproWorkers, WorkerRole } from './create-workers.ts';
