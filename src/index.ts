/** Types and constants only: safe on any side, workflows included. */
export { FailureType, NON_RETRYABLE_FAILURE_TYPES } from './contract/failure-types.ts';
export { EXIT_CODES } from './contract/outcome.ts';
export {
  gpuTaskQueue,
  IO_TASK_QUEUE,
  QUERY_PROGRESS,
  runWorkflowId,
  SIGNAL_PAUSE,
  SIGNAL_RESUME,
  WORKFLOW_EMBED_PARTITION,
  WORKFLOW_EMBEDDING_RUN,
} from './contract/names.ts';
export type { VirnucproActivities } from './contract/activities.ts';
export type { Offender, Outcome, RunOutcome } from './contract/outcome.ts';
export type { EmbedHeartbeat, RunPhase, RunProgress } from './contract/progress.ts';
export type {
  EmbedderRequest,
  EmbeddingRunInput,
  OnBadCheckpoint,
  RunReference,
  RunTuning,
} from './contract/run-request.ts';
