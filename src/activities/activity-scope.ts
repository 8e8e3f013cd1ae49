import { Context } from '@temporalio/activity';
import { setMaxListeners } from 'node:events';
import { OWNER_RENEWAL_MS, renewClaim } from '../run/owner.ts';

/**
 * How often an activity says that it lives, at most. The SDK passes on at most one beat per throttle interval (3 s, or 0.8 of
 * a heartbeat timeout that is shorter).
 */
const BEAT_INTERVAL_MS = 1000;
/** Beats within a heartbeat timeout, at least: of one of 1 s, none must be missed because a timer fires late. */
const BEATS_PER_TIMEOUT = 5;

/** What a running activity may use of its surroundings. */
export interface ActivityScope {
  /** Fires on cancellation, on a timeout that the server has noticed, and when the worker shuts down. */
  readonly signal: AbortSignal;
  /** Details of the next heartbeat; at most 1 KiB. */
  describe(details: unknown): void;
}

const renewedAt = new Map<string, number>();

/**
 * Runs `work` with heartbeats from entry to exit and keeps the claim on the run folder fresh meanwhile.
 *
 * @param directory run folder that the work belongs to, if any
 */
export async function withHeartbeats<T>(
  directory: string | undefined,
  work: (scope: ActivityScope) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  let details: unknown;
  const beat = () => {
    context.heartbeat(details);
    if (directory !== undefined) renewSometimes(directory, context.info.workflowExecution?.workflowId ?? '');
  };
  // Every file that is read or validated for an activity listens to its signal, many at a time.
  setMaxListeners(0, context.cancellationSignal);
  // No beat at once: the timeout counts from the start of the attempt, and a beat costs the server as much as an activity.
  const timer = setInterval(beat, beatInterval(context.info.heartbeatTimeoutMs));
  try {
    context.cancellationSignal.throwIfAborted();
    return await work({
      signal: context.cancellationSignal,
      describe: (next) => {
        details = next;
      },
    });
  } finally {
    clearInterval(timer);
  }
}

function beatInterval(heartbeatTimeoutMs: number | undefined): number {
  return Math.min(BEAT_INTERVAL_MS, (heartbeatTimeoutMs || Number.POSITIVE_INFINITY) / BEATS_PER_TIMEOUT);
}

function renewSometimes(directory: string, workflowId: string): void {
  const now = Date.now();
  if (now - (renewedAt.get(directory) ?? 0) < OWNER_RENEWAL_MS) return;
  renewedAt.set(directory, now);
  renewClaim(directory, workflowId).catch((error: unknown) =>
    Context.current().log.warn('the claim on the run folder was not renewed', { directory, error }),
  );
}
