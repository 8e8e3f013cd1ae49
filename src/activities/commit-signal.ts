/** Reasons of an abort after which this attempt is still the only one: what is at hand may be made durable. */
const STILL_CURRENT: ReadonlySet<string> = new Set(['CANCELLED', 'WORKER_SHUTDOWN', 'PAUSED']);

/**
 * A signal for the spool of an attempt. It fires when another attempt may be running (timeout, reset, not found), but not
 * on a cancellation or shutdown: rows that are computed by then are flushed.
 */
export function commitSignal(signal: AbortSignal): AbortSignal {
  const commits = new AbortController();
  const pass = () => {
    if (!STILL_CURRENT.has((signal.reason as Error | undefined)?.message ?? '')) commits.abort(signal.reason);
  };
  if (signal.aborted) commits.abort(signal.reason);
  else signal.addEventListener('abort', pass, { once: true });
  return commits.signal;
}
