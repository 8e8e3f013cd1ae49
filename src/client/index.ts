/** Start or attach, watch, await as a typed outcome, cancel, pause, replay. */
export { connectClient, connectionSettings } from './connection.ts';
export type { ConnectionSettings } from './connection.ts';
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
export type { RunStatus } from './run-handle.ts';
export { startPrepared, startRun } from './start-run.ts';
export type { StartOptions } from './start-run.ts';
export { startHint } from './unserved-queues.ts';
export type { UnservedQueue } from './unserved-queues.ts';
