import { setTimeout as sleep } from 'node:timers/promises';
import { startHint, type ConnectionSettings, type FailingWorkflow, type UnservedQueue } from '../../client/index.ts';
import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';

/** A queue that was never polled is named within a minute: the client looks for it after 10 s of waiting. */
const CHECK_INTERVAL_MS = 15_000;

export interface WorkerWatchOptions {
  /** The queues that nobody serves now. */
  unserved(): Promise<UnservedQueue[]>;
  /** The workflows that their workers cannot go on with. @default none is looked for */
  failing?(): Promise<FailingWorkflow[]>;
  settings: ConnectionSettings;
  /** Give up after this long without a worker. */
  waitSeconds?: number;
  log: (line: string) => void;
  /** @default 15000 */
  intervalMs?: number;
}

/**
 * Says which queue has no worker and how to start one, and when one has come, until the signal fires. A missing worker is
 * no failure: the run goes on when one comes.
 *
 * @throws VirnucproError `RunError.InvalidInput` when `waitSeconds` have passed without one
 */
export async function watchWorkers(options: WorkerWatchOptions, signal: AbortSignal): Promise<void> {
  const { log, settings, waitSeconds = Infinity, intervalMs = CHECK_INTERVAL_MS } = options;
  const interval = Math.min(intervalMs, waitSeconds * 1000);
  const missingSince = new Map<string, { hint: string; at: number }>();
  const told = new Set<string>();
  while (!signal.aborted) {
    await sleep(interval, undefined, { signal }).catch(() => {});
    if (!signal.aborted) await tellFailing(options, told);
    // A server that does not answer says nothing about workers.
    const unserved = signal.aborted ? undefined : await options.unserved().catch(() => undefined);
    if (unserved === undefined) continue;
    for (const queue of missingSince.keys()) {
      if (unserved.some((one) => one.queue === queue)) continue;
      missingSince.delete(queue);
      log(`a worker serves the queue ${queue}`);
    }
    for (const one of unserved) {
      // A queue may lack both kinds of workers.
      if (missingSince.has(one.queue)) continue;
      const hint = startHint(one, settings);
      missingSince.set(one.queue, { hint, at: Date.now() - interval });
      log(hint);
    }
    const longest = [...missingSince.values()].find(({ at }) => Date.now() - at >= waitSeconds * 1000);
    if (longest !== undefined) throw gaveUp(longest.hint, waitSeconds);
  }
}

/** Each reason once: partitions of one run fail for the same one. */
async function tellFailing({ failing, log }: WorkerWatchOptions, told: Set<string>): Promise<void> {
  for (const { workflowId, reason } of (await failing?.().catch(() => [])) ?? []) {
    if (told.has(reason)) continue;
    told.add(reason);
    log(
      `no worker can go on with workflow ${workflowId}: ${reason}; see the log of the workers. The run waits for one that can`,
    );
  }
}

function gaveUp(hint: string, seconds: number): VirnucproError {
  const message = `${hint}; gave up after ${seconds} s (--wait-for-workers). The run is still open: start the command again to go on`;
  return new VirnucproError(FailureType.RunInvalidInput, message);
}
