import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT_DEVICE_LOST } from '../exit.ts';

/** How a process ended. */
export interface ProcessEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A process that has been started. */
export interface StartedProcess {
  readonly ended: Promise<ProcessEnd>;
  /** Asks it to end in order. */
  stop(): void;
  kill(): void;
}

/**
 * - `stopped`: it was told to.
 * - `finished`: with exit code 0, so somebody has told it to end.
 * - `lost`: its device is lost.
 */
export type KeptEnd = 'stopped' | 'finished' | 'lost';

export interface KeepRunningOptions {
  start(): StartedProcess;
  log(line: string): void;
  /** Before the first restart; doubled by each further one. @default 1000 */
  firstDelayMs?: number;
  /** @default 60000 */
  maxDelayMs?: number;
  /** After which it counts as healthy, and its next restart as the first. @default 60000 */
  healthyAfterMs?: number;
}

/**
 * Starts a process, and starts it again whenever it dies, later each time, until the signal fires. Resolves when the
 * process has ended for good.
 */
export async function keepRunning(options: KeepRunningOptions, stopping: AbortSignal): Promise<KeptEnd> {
  const { start, log, firstDelayMs = 1000, maxDelayMs = 60_000, healthyAfterMs = 60_000 } = options;
  let delayMs = firstDelayMs;
  while (!stopping.aborted) {
    const startedAt = performance.now();
    const end = await runOnce(start(), stopping);
    if (stopping.aborted) return 'stopped';
    if (end.code === 0) return 'finished';
    if (end.code === EXIT_DEVICE_LOST) return 'lost';
    if (performance.now() - startedAt >= healthyAfterMs) delayMs = firstDelayMs;
    log(`its worker process ended (${describe(end)}); another is started in ${delayMs / 1000} s`);
    await sleep(delayMs, undefined, { signal: stopping }).catch(() => {});
    delayMs = Math.min(2 * delayMs, maxDelayMs);
  }
  return 'stopped';
}

async function runOnce(started: StartedProcess, stopping: AbortSignal): Promise<ProcessEnd> {
  const stop = () => started.stop();
  stopping.addEventListener('abort', stop, { once: true });
  try {
    return await started.ended;
  } finally {
    stopping.removeEventListener('abort', stop);
  }
}

function describe({ code, signal }: ProcessEnd): string {
  return signal === null ? `exit code ${code}` : `killed by ${signal}`;
}
