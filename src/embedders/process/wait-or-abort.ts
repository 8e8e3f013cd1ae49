import { deferred } from '../../platform/deferred.ts';

/**
 * Waits for a promise that others share; an abort ends this wait only.
 *
 * @throws what `work` rejects with, or the abort reason
 */
export async function waitOrAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = deferred<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
