// Preload (`node --import`): the process tells its parent over IPC what its main thread's heap holds, once a second.
import { isMainThread } from 'node:worker_threads';

const INTERVAL_MS = 1000;

if (isMainThread && process.send !== undefined) {
  setInterval(() => {
    if (process.connected) process.send?.(process.memoryUsage());
  }, INTERVAL_MS).unref();
}
