/** Types, constants and pure functions: safe on any side, workflows included. */
export { FailureType, NON_RETRYABLE_FAILURE_TYPES } from './contract/failure-types.ts';
export {
  embedActivityOptions,
  ioActivityOptions,
  saveActivityOptions,
  stageActivityOptions,
} from './contract/activity-options.ts';
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
  WORKFLOW_PREDICT_VIRUS,
} from './contract/names.ts';
export { PREDICTION_STAGES } from './contract/prediction.ts';
export { isFailureType, outcomeOfError, predictionOutcomeOfError } from './contract/typed-outcome.ts';
export type {
  PredictionCancelled,
  PredictionFailed,
  PredictionPartial,
  PredictionStoppedOnCheckpoint,
  PredictionSuccess,
  RunCancelled,
  RunFailed,
  RunPartial,
  RunStoppedOnCheckpoint,
  RunSuccess,
  TypedOutcome,
  TypedPredictionOutcome,
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
  CallConsensusResult,
  CheckedPrediction,
  CheckPredictionInput,
  ChunkSequencesResult,
  ClassifySequencesResult,
  EmbeddingTotals,
  FinishPredictionInput,
  MergeEmbeddingsInput,
  MergeEmbeddingsResult,
  OpenInput,
  PredictionActivities,
  PredictionOutcome,
  PredictionProgress,
  PredictionStage,
  PredictionStageInput,
  PredictionTuning,
  PredictVirusInput,
  SideRun,
  SplitSequencesResult,
  StageHeartbeat,
  StageOutcome,
  StageResult,
  TranslateFramesResult,
} from './contract/prediction.ts';
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
