import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startRun } from '../../dist/client/index.js';
import { bareRun } from './bare.mjs';
import { makeOneRecordFiles } from './one-record-files.mjs';
import { cpuSince } from './process-usage.mjs';
import { median } from './statistics.mjs';
import { WorkerProcess } from './worker-process.mjs';

/**
 * @typedef {import('./scale-place.mjs').Place} Place
 * @typedef {{ ms: number, workerCpuMs: number, serverCpuMs: number }} Cost of one item
 * @typedef {{ fsync: boolean, bare: Cost, ours: Cost, ratio: number }} Round
 * @typedef {{ rounds: Round[], ratio: number, ratioWithoutFsync: number }} Ratio medians over the rounds
 */

/** Enough for code and connections to be warm: compiling goes on for hundreds of files. */
const WARM_UP_FILES = 500;

/**
 * What a file costs beside an item of a bare workflow, which does two no-op activities. They take turns, so that a machine
 * that gets slower or faster does so for both; each has a worker process of its own.
 *
 * @param {Place} place
 * @param {import('./scale-options.mjs').Options} options
 * @param {(line: string) => void} log
 * @returns {Promise<Ratio>}
 */
export async function measureRatio(place, { ratioFiles, rounds, inFlight }, log) {
  const bare = await startBareWorker(place.address);
  /** @type {Round[]} */
  const measured = [];
  try {
    for (const fsync of [true, false]) {
      const worker = new WorkerProcess({ ...place.worker, fsync });
      try {
        const prefix = fsync ? 'ratio-fsync' : 'ratio-no-fsync';
        makeInputs(place, `${prefix}-warm-up`, WARM_UP_FILES);
        await embed(place, `${prefix}-warm-up`, WARM_UP_FILES, inFlight);
        await bareRun(place.client, WARM_UP_FILES, inFlight);
        for (let round = 1; round <= rounds; round++) {
          const name = `${prefix}-${round}`;
          makeInputs(place, name, ratioFiles);
          const costs = {
            bare: await costOf(() => bareRun(place.client, ratioFiles, inFlight), bare.pid, place, ratioFiles),
            ours: await costOf(() => embed(place, name, ratioFiles, inFlight), worker.pid, place, ratioFiles),
          };
          measured.push({ fsync, ...costs, ratio: costs.ours.ms / costs.bare.ms });
          log(formatRound(round, measured.at(-1)));
        }
      } finally {
        await worker.stop();
      }
    }
  } finally {
    await bare.stop();
  }
  const ratio = (/** @type {boolean} */ fsync) =>
    median(measured.filter((round) => round.fsync === fsync).map((round) => round.ratio));
  return { rounds: measured, ratio: ratio(true), ratioWithoutFsync: ratio(false) };
}

/** @param {string} address */
async function startBareWorker(address) {
  const program = fileURLToPath(new URL('bare-worker.mjs', import.meta.url));
  const child = fork(program, [address], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], detached: true });
  await Promise.race([once(child, 'message'), once(child, 'exit').then(() => Promise.reject(new Error('it ended')))]);
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.disconnect();
    await ended;
  };
  return { pid: child.pid ?? 0, stop };
}

/**
 * @param {Place} place
 * @param {string} name
 */
function inputsOf(place, name) {
  return path.join(place.folder, `${name}-in`);
}

/**
 * @param {Place} place
 * @param {string} name
 * @param {number} files
 */
function makeInputs(place, name, files) {
  makeOneRecordFiles(inputsOf(place, name), files);
}

/**
 * @param {Place} place
 * @param {string} name
 * @param {number} files
 * @param {number} inFlight
 */
async function embed(place, name, files, inFlight) {
  const inputs = inputsOf(place, name);
  const directory = path.join(place.folder, name);
  const tuning = { ...place.tuning, maxInFlight: inFlight };
  const run = await startRun(place.client, { directory, inputs: [inputs], embedders: [{ name: 'fake' }], tuning });
  const outcome = await run.result();
  if (outcome.outcome !== 'success' || outcome.embedded !== files) throw new Error(JSON.stringify(outcome));
}

/**
 * @param {() => Promise<void>} work
 * @param {number} workerPid
 * @param {Place} place
 * @param {number} items
 * @returns {Promise<Cost>}
 */
async function costOf(work, workerPid, { serverPid }, items) {
  const start = performance.now();
  const cpu = await cpuSince({ worker: workerPid, server: serverPid });
  await work();
  const ms = performance.now() - start;
  const { worker = NaN, server = NaN } = await cpu();
  return { ms: ms / items, workerCpuMs: worker / items, serverCpuMs: server / items };
}

/**
 * @param {number} number
 * @param {Round | undefined} round
 */
function formatRound(number, round) {
  if (round === undefined) return '';
  const { fsync, bare, ours, ratio } = round;
  const cost = (/** @type {Cost} */ { ms, workerCpuMs, serverCpuMs }) =>
    `${ms.toFixed(1)} ms (CPU: worker ${workerCpuMs.toFixed(1)}, server ${serverCpuMs.toFixed(1)})`;
  const how = fsync ? 'with fsync' : 'without fsync';
  return `${how}, round ${number}: bare ${cost(bare)}, embeddingRun ${cost(ours)} per item; ratio ${ratio.toFixed(2)}`;
}
