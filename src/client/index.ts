/** Start or attach, watch, await as a typed outcome, cancel, pause, replay. */
export { connectClient, connectionSettings } from './connection.ts';
export type { ConnectionSettings } from './connection.ts';
export { prepareRun } from './prepare-run.ts';
export type { PreparedRun, RunOptions } from './prepare-run.ts';
export { RunHandle } from './run-handle.ts';
export type { RunStatus } from './run-handle.ts';
export { startPrepared, startRun } from './start-run.ts';
export type { StartOptions } from './start-run.ts';
