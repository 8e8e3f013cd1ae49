import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { startRun } from '../../dist/client/index.js';
import { makeOneRecordFiles } from './one-record-files.mjs';
import { processUsage } from './process-usage.mjs';
import { activitySeconds } from './scale-histories.mjs';
import { WorkerProcess } from './worker-process.mjs';

/**
 * @typedef {object} Planning seconds of what a run over existing checkpoints does
 * @property {number} checkpoints
 * @property {number} dryRun `embed --dry-run`, the whole process
 * @property {number} whole a run from its start to its outcome
 * @property {Record<string, number>} activities each of its activities
 * @property {number} workerPeakBytes
 */

const NO_FSYNC = new URL('no-fsync.mjs', import.meta.url).href;
const MAKE_CHECKPOINTS = fileURLToPath(new URL('make-checkpoints.mjs', import.meta.url));
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/**
 * @param {import('./scale-place.mjs').Place} place
 * @param {number} checkpoints
 * @param {(line: string) => void} log
 * @returns {Promise<Planning>}
 */
export async function measurePlanning(place, checkpoints, log) {
  const inputs = path.join(place.folder, 'planning-in');
  const directory = path.join(place.folder, 'planning');
  mkdirSync(directory);
  makeOneRecordFiles(inputs, checkpoints);
  log(`planning: making ${checkpoints} checkpoints`);
  await finished(['--import', NO_FSYNC, MAKE_CHECKPOINTS, directory, String(checkpoints)]);
  log('planning: embed --dry-run');
  const dryRunStart = performance.now();
  await finished([MAIN, 'embed', inputs, '--out', directory, '--embedder', 'fake', '--dry-run', '--json']);
  const dryRun = (performance.now() - dryRunStart) / 1000;
  log('planning: the workflow');
  return { checkpoints, dryRun, ...(await planInRun(place, directory, inputs, checkpoints)) };
}

/**
 * @param {import('./scale-place.mjs').Place} place
 * @param {string} directory
 * @param {string} inputs
 * @param {number} checkpoints
 */
async function planInRun(place, directory, inputs, checkpoints) {
  const worker = new WorkerProcess(place.worker);
  try {
    const embedders = [{ name: 'fake' }];
    const start = performance.now();
    const run = await startRun(place.client, { directory, inputs: [inputs], embedders, tuning: place.tuning });
    const outcome = await run.result();
    const whole = (performance.now() - start) / 1000;
    if (outcome.outcome !== 'success' || outcome.found !== checkpoints) throw new Error(JSON.stringify(outcome));
    const activities = await activitySeconds(place.client, run.workflowId);
    return { whole, activities, workerPeakBytes: (await processUsage(worker.pid)).peakBytes };
  } finally {
    await worker.stop();
  }
}

/** @param {readonly string[]} args of Node */
async function finished(args) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with exit code ${code}`);
}
