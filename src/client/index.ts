/** Start or attach, watch, await as a typed outcome, cancel, pause, resume, replay. */
export { loadDataConverter } from '../converter/index.ts';
export { attachRun } from './attach-run.ts';
export type { RunChoice } from './attach-run.ts';
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
export { prepareRun } from './prepare-run.ts';
export type { PreparedRun, RunOptions } from './prepare-run.ts';
export { replayHistories } from './replay.ts';
export type { EventReference, ReplayOptions, ReplayVerdict } from './replay.ts';
export { RunHandle } from './run-handle.ts';
export type { RunStatus, WatchOptions } from './run-handle.ts';
export { startPrepared, startRun } from './start-run.ts';
export type { StartOptions } from './start-run.ts';
export { startHint } from './unserved-queues.ts';
export type { UnservedQueue } from './unserved-queues.ts';
export type { TypedOutcome } from '../contract/typed-outcome.ts';
