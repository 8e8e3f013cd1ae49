import { setTimeout as sleep } from 'node:timers/promises';
import { processUsage } from './process-usage.mjs';

/**
 * @typedef {import('../../dist/client/index.js').RunHandle} RunHandle
 * @typedef {import('../../dist/contract/outcome.js').RunOutcome} RunOutcome
 * @typedef {import('./worker-process.mjs').WorkerProcess} WorkerProcess
 */

/**
 * @typedef {object} Sample
 * @property {number} seconds since the run was started
 * @property {string} phase
 * @property {number} done files that have ended, as far as the run knows
 * @property {number} rssBytes of the worker process
 * @property {number} heapBytes of its main thread
 * @property {number} serverRssBytes
 * @property {number} workerCpuMs since the process started
 * @property {number} serverCpuMs since the process started
 */

/** The command asks for progress as often. */
const INTERVAL_MS = 1000;

/**
 * Watches a run to its end, as `virnucpro embed` does, and looks at its processes meanwhile.
 *
 * @param {RunHandle} run
 * @param {{ worker: WorkerProcess, serverPid: number }} processes
 * @param {{ onSample?: (samples: readonly Sample[]) => void, signal?: AbortSignal }} [options] `signal` ends the watching
 * @returns {Promise<{ outcome?: RunOutcome, seconds: number, samples: Sample[], ended: Promise<void> }>} no outcome: the
 *   watching ended first; the client must not be closed before the run has `ended`
 */
export async function watchRun(run, { worker, serverPid }, { onSample = () => {}, signal } = {}) {
  const started = performance.now();
  /** @type {Sample[]} */
  const samples = [];
  const seconds = () => (performance.now() - started) / 1000;
  const over = new AbortController();
  signal?.addEventListener('abort', () => over.abort(), { once: true });
  const result = run.result(over.signal).then((outcome) => ({ outcome, seconds: seconds() }));
  const ended = result.then(
    () => over.abort(),
    () => over.abort(),
  );
  while (!over.signal.aborted) {
    worker.assertAlive();
    const status = await run.status().catch(() => undefined);
    if (status !== undefined) {
      samples.push(await sampleOf(seconds(), status, worker, serverPid));
      onSample(samples);
    }
    await sleep(INTERVAL_MS, undefined, { signal: over.signal }).catch(() => {});
  }
  if (signal?.aborted === true) return { seconds: seconds(), samples, ended };
  return { ...(await result), samples, ended };
}

/**
 * @param {number} seconds
 * @param {import('../../dist/client/index.js').RunStatus} status
 * @param {WorkerProcess} worker
 * @param {number} serverPid
 * @returns {Promise<Sample>}
 */
async function sampleOf(seconds, { phase, found, embedded, failed, skipped }, worker, serverPid) {
  const [mine, server] = await Promise.all([processUsage(worker.pid), processUsage(serverPid)]);
  return {
    seconds,
    phase,
    done: found + embedded + failed + skipped,
    rssBytes: mine.rssBytes,
    heapBytes: worker.memory?.heapUsed ?? NaN,
    serverRssBytes: server.rssBytes,
    workerCpuMs: mine.cpuMs,
    serverCpuMs: server.cpuMs,
  };
}

/** Shares of the files at which memory is reported. */
const SHARES = [0.1, 0.25, 0.5, 0.75, 0.9];

/**
 * @typedef {object} Memory resident memory of a worker between 10 % and 90 % of the files
 * @property {{ share: number, rssBytes: number, heapBytes: number }[]} at the first sample at or after each share
 * @property {number} lowest
 * @property {number} highest
 * @property {number} deviation half of what lies between them; all NaN without samples
 * @property {number} samples
 */

/**
 * @param {readonly Sample[]} samples
 * @param {number} files
 * @returns {Memory}
 */
export function memoryOf(samples, files) {
  const embedding = samples.filter(({ phase }) => phase === 'embedding');
  const between = embedding.filter(({ done }) => done >= 0.1 * files && done <= 0.9 * files);
  const rss = between.map(({ rssBytes }) => rssBytes);
  const [lowest, highest] = rss.length === 0 ? [NaN, NaN] : [Math.min(...rss), Math.max(...rss)];
  const at = SHARES.flatMap((share) => {
    const sample = samples.find(({ done }) => done >= share * files);
    return sample === undefined ? [] : [{ share, rssBytes: sample.rssBytes, heapBytes: sample.heapBytes }];
  });
  return { at, lowest, highest, deviation: (highest - lowest) / 2, samples: between.length };
}
