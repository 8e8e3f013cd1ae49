/** Start or attach, watch, await as a typed outcome, cancel, pause, resume, replay. */
export { loadDataConverter } from '../converter/index.ts';
export { attachAny, attachPrediction } from './attach-prediction.ts';
export { attachRun } from './attach-run.ts';
export type { RunChoice } from './find-workflow.ts';
export { connectClient } from './connect-client.ts';
export type { ClientExtras } from './connect-client.ts';
export { connectionSettings, localConnectionSettings } from './connection-settings.ts';
export type { ConnectionSettings } from './connection-settings.ts';
export { diagnoseConnection, diagnoseNamespace } from './diagnose-connection.ts';
export type { Diagnosis } from './diagnose-connection.ts';
export type { FailingWorkflow } from './failing-workflows.ts';
export {
  failedExecutions,
  fetchHistory,
  fetchRunHistories,
  historyFileName,
  readHistoryFile,
  saveHistories,
  storedHistories,
} from './histories.ts';
export type { WorkflowHistory } from './histories.ts';
export type { HistoryOptions } from './history-keeper.ts';
export { PredictionHandle } from './prediction-handle.ts';
export type { OpenInputStatus, PredictionStatus } from './prediction-handle.ts';
export { preparePrediction } from './prepare-prediction.ts';
export type { PredictionOptions, PreparedPrediction } from './prepare-prediction.ts';
export { prepareRun } from './prepare-run.ts';
export type { PreparedRun, RunOptions } from './prepare-run.ts';
export { replayHistories } from './replay.ts';
export type { EventReference, ReplayOptions, ReplayVerdict } from './replay.ts';
export { RunHandle } from './run-handle.ts';
export type { RunStatus } from './run-handle.ts';
export type { WatchOptions } from './durable-handle.ts';
export { startPrediction, startPreparedPrediction } from './start-prediction.ts';
export { startPrepared, startRun } from './start-run.ts';
export type { StartOptions } from './start-workflow.ts';
export { startHint } from './unserved-queues.ts';
export type { UnservedQueue } from './unserved-queues.ts';
export type { TypedOutcome, TypedPredictionOutcome } from '../contract/typed-outcome.ts';
