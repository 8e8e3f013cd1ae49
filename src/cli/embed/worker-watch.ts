import type { Client } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { startHint, unservedQueues, type ConnectionSettings, type RunHandle } from '../../client/index.ts';
import { FailureType } from '../../contract/failure-types.ts';
import { gpuTaskQueue, IO_TASK_QUEUE } from '../../contract/names.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';

const CHECK_INTERVAL_MS = 15_000;

export interface WorkerWatchOptions {
  client: Client;
  run: RunHandle;
  settings: ConnectionSettings;
  embedders: readonly string[];
  /** Give up after this long without a worker. */
  waitSeconds?: number;
  log: (line: string) => void;
}

/**
 * Says which queue has no worker and how to start one, until the signal fires. A missing worker is no failure: the run
 * goes on when one comes.
 *
 * @throws VirnucproError `RunError.InvalidInput` when `waitSeconds` have passed without one
 */
export async function watchWorkers(options: WorkerWatchOptions, signal: AbortSignal): Promise<void> {
  const { log, waitSeconds = Infinity } = options;
  const interval = Math.min(CHECK_INTERVAL_MS, waitSeconds * 1000);
  const missingSince = new Map<string, number>();
  while (!signal.aborted) {
    await sleep(interval, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const hints = await missingWorkers(options).catch(() => undefined);
    if (hints === undefined) continue;
    for (const hint of hints) if (!missingSince.has(hint)) log(hint);
    for (const hint of missingSince.keys()) if (!hints.includes(hint)) missingSince.delete(hint);
    for (const hint of hints) missingSince.set(hint, missingSince.get(hint) ?? Date.now() - interval);
    const [longest] = [...missingSince.entries()].filter(([, since]) => Date.now() - since >= waitSeconds * 1000);
    if (longest !== undefined) throw gaveUp(longest[0], waitSeconds);
  }
}

async function missingWorkers({ client, run, settings, embedders }: WorkerWatchOptions): Promise<string[]> {
  const io = await unservedQueues(client, [{ name: IO_TASK_QUEUE, type: 'workflow' }]);
  if (io.length > 0) return io.map((need) => startHint(need, settings));
  const { waitingTasks, runningTasks } = await run.status();
  if (waitingTasks === 0 || runningTasks > 0) return [];
  const hints: string[] = [];
  for (const embedder of embedders) {
    const unserved = await unservedQueues(client, [{ name: gpuTaskQueue(embedder), type: 'activity' }]);
    hints.push(...unserved.map((need) => startHint(need, settings, embedder)));
  }
  return hints;
}

function gaveUp(hint: string, seconds: number): VirnucproError {
  const message = `${hint}; gave up after ${seconds} s (--wait-for-workers). The run is still open: start the command again to go on`;
  return new VirnucproError(FailureType.RunInvalidInput, message);
}
