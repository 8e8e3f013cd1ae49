import { setTimeout as sleep } from 'node:timers/promises';
import { FailureType } from '../../contract/failure-types.ts';
import { gpuTaskQueue } from '../../contract/names.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { embedderFactory } from '../../embedders/index.ts';

const CHECK_INTERVAL_MS = 1000;

/**
 * Ends a command that waits for an embedder which cannot work on this machine: its server is known to no other worker.
 *
 * @param waiting queues on which tasks wait
 * @returns when the signal fires
 * @throws VirnucproError `RunError.InvalidInput` naming what to install
 */
export async function watchMissingEmbedders(
  embedders: readonly string[],
  waiting: () => Promise<ReadonlySet<string>>,
  signal: AbortSignal,
  intervalMs: number = CHECK_INTERVAL_MS,
): Promise<void> {
  const missing = [...new Set(embedders)].flatMap((name) => {
    const reason = embedderFactory(name).missing?.();
    return reason === undefined ? [] : [{ name, reason }];
  });
  if (missing.length === 0) return;
  while (!signal.aborted) {
    // A server that does not answer says nothing about queues.
    const queues = await waiting().catch(() => new Set<string>());
    const needed = missing.find(({ name }) => queues.has(gpuTaskQueue(name)));
    if (needed !== undefined && !signal.aborted) throw cannotGoOn(needed);
    await sleep(intervalMs, undefined, { signal }).catch(() => {});
  }
}

function cannotGoOn({ name, reason }: { name: string; reason: string }): VirnucproError {
  const message = `embedder ${name}: ${reason}. What is done is kept: start the same command again to go on`;
  return new VirnucproError(FailureType.RunInvalidInput, message);
}
