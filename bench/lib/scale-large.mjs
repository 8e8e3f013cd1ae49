import path from 'node:path';
import { startRun } from '../../dist/client/index.js';
import { makeOneRecordFiles } from './one-record-files.mjs';
import { childrenOf, processUsage } from './process-usage.mjs';
import { countOnDisk } from './scale-disk.mjs';
import { activitySeconds, executionsOf, payloadsOf } from './scale-histories.mjs';
import { memoryOf, watchRun } from './scale-run.mjs';
import { WorkerProcess } from './worker-process.mjs';

/**
 * @typedef {import('./scale-run.mjs').Sample} Sample
 * @typedef {import('./scale-run.mjs').Memory} Memory
 */

/**
 * @typedef {object} LargeRun
 * @property {number} files
 * @property {number} done files that had ended when the run ended, or was left
 * @property {number} seconds
 * @property {number} msPerFile
 * @property {string} outcome
 * @property {Awaited<ReturnType<typeof countOnDisk>>} disk
 * @property {{ largest: number, root: number[], partitions: number, total: number }} events
 * @property {{ largest: number, where: string, count: number }} payloads
 * @property {Memory} memory
 * @property {number} workerPeakBytes
 * @property {number} serverPeakBytes
 * @property {Record<string, number>} cpuMsPerFile
 * @property {Record<string, number>} activitySeconds of the root's activities that have ended
 * @property {Sample[]} samples
 */

/** Partitions whose payloads are looked at. */
const SAMPLED_PARTITIONS = 8;
/** Samples that are worth keeping in a result of hours. */
const KEPT_SAMPLES = 400;

/**
 * Embeds many files of one record with a worker process of its own.
 *
 * @param {import('./scale-place.mjs').Place} place
 * @param {{ files: number, inFlight: number }} options
 * @param {{ onSample?: (samples: readonly Sample[]) => void, signal?: AbortSignal }} [watching] `signal` leaves the run
 * @returns {Promise<LargeRun>}
 */
export async function measureLargeRun(place, { files, inFlight }, watching = {}) {
  const inputs = path.join(place.folder, 'large-in');
  const directory = path.join(place.folder, 'large');
  makeOneRecordFiles(inputs, files);
  const { client, serverPid } = place;
  const tuning = { ...place.tuning, maxInFlight: inFlight };
  const serverBefore = await processUsage(serverPid);
  const worker = new WorkerProcess(place.worker);
  let measured;
  let cpu;
  let workerPeakBytes;
  let run;
  try {
    run = await startRun(client, { directory, inputs: [inputs], embedders: [{ name: 'fake' }], tuning });
    measured = await watchRun(run, { worker, serverPid }, watching);
    const usage = await processUsage(worker.pid);
    const embedders = await Promise.all((await childrenOf(worker.pid)).map(processUsage));
    workerPeakBytes = usage.peakBytes;
    cpu = { worker: usage.cpuMs, embedder: embedders.reduce((sum, { cpuMs }) => sum + cpuMs, 0) };
  } finally {
    await worker.stop();
  }
  const server = await processUsage(serverPid);
  const { outcome, seconds, samples } = measured;
  const disk = await countOnDisk(directory);
  const done = outcome === undefined ? disk.valid : outcome.tasks;
  const { root, partitions, payloads } = await executionsOf(client, run.workflowId);
  payloads.merge(await payloadsOf(client, spread(partitions, SAMPLED_PARTITIONS)));
  if (outcome === undefined) {
    await client.workflow.getHandle(run.workflowId).terminate('the bench was ended');
    await measured.ended;
  }
  const perFile = Object.entries({ ...cpu, server: server.cpuMs - serverBefore.cpuMs });
  return {
    files,
    done,
    seconds,
    msPerFile: (1000 * seconds) / done,
    outcome: outcome?.outcome ?? 'left',
    disk,
    events: {
      largest: Math.max(...[...root, ...partitions].map(({ events }) => events)),
      root: root.map(({ events }) => events),
      partitions: partitions.length,
      total: [...root, ...partitions].reduce((sum, { events }) => sum + events, 0),
    },
    payloads: { ...payloads },
    memory: memoryOf(samples, done),
    workerPeakBytes,
    serverPeakBytes: server.peakBytes,
    cpuMsPerFile: Object.fromEntries(perFile.map(([name, ms]) => [name, ms / done])),
    activitySeconds: await activitySeconds(client, run.workflowId, root.at(-1)?.runId),
    samples: spread(samples, KEPT_SAMPLES),
  };
}

/**
 * Some of many, evenly spread, the first and the last among them.
 *
 * @template Item
 * @param {readonly Item[]} items
 * @param {number} count
 * @returns {Item[]}
 */
function spread(items, count) {
  if (items.length <= count) return [...items];
  return items.filter(
    (_, at) =>
      Math.floor((at * (count - 1)) / (items.length - 1)) !== Math.floor(((at - 1) * (count - 1)) / (items.length - 1)),
  );
}
