export { configuredServer, lookForTemporal } from './bootstrap/find-temporal.mjs';
export { withLockFile } from './bootstrap/lock-file.mjs';
export { runCommand } from './bootstrap/run-command.mjs';
export { ensureLocalServer, stopLocalServer } from './local-server.ts';
export type { LocalServer, LocalServerOptions } from './local-server.ts';
export { killServer } from './server-process.ts';
export { addressOf, isServerAlive, readServerRecord } from './server-record.ts';
export type { ServerRecord } from './server-record.ts';
export { stateFolder } from './state-folder.ts';
