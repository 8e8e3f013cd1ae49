/** Types, constants and pure functions: safe on any side, workflows included. */
export { FailureType, NON_RETRYABLE_FAILURE_TYPES } from './contract/failure-types.ts';
export { embedActivityOptions, ioActivityOptions, saveActivityOptions } from './contract/activity-options.ts';
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
export { isFailureType, outcomeOfError } from './contract/typed-outcome.ts';
export type {
  RunCancelled,
  RunFailed,
  RunPartial,
  RunStoppedOnCheckpoint,
  RunSuccess,
  TypedOutcome,
} from './contract/typed-outcome.ts';
export type {
  CheckCompatibilityInput,
  CheckCompatibilityResult,
  EmbedFileResult,
  FinishRunInput,
  PlanRunInput,
  SaveCheckpointInput,
  SaveCheckpointResult,
  TaskInput,
  ValidateCheckpointInput,
  ValidateCheckpointResult,
  VirnucproActivities,
} from './contract/activities.ts';
export type { Offender, Outcome, RunOutcome } from './contract/outcome.ts';
export type { EmbedHeartbeat, RunPhase, RunProgress } from './contract/progress.ts';
export type {
  EmbedderRequest,
  EmbeddingRunInput,
  OnBadCheckpoint,
  OnBadSequence,
  PlanRange,
  PlanSummary,
  RunReference,
  RunTuning,
} from './contract/run-request.ts';
