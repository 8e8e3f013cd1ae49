import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRun } from '../../dist/client/index.js';
import { oneRecord } from './one-record-files.mjs';
import { heartbeatDetailsNow, PayloadSizes } from './scale-histories.mjs';
import { WorkerProcess } from './worker-process.mjs';

const FILES = 4;
/** Long enough for a worker's heartbeats to reach the server: they are throttled to one in 3 s. */
const DELAY_MS = 8000;
/** With the suffix of its checkpoint and of a temporary file, about as long as a file system takes. */
const LONG_NAME = 'n'.repeat(180);

/**
 * What heartbeats carry: tasks of a run at scale are over before their first one, so this run's last longer, and its
 * files have long names.
 *
 * @param {import('./scale-place.mjs').Place} place
 * @returns {Promise<PayloadSizes>}
 */
export async function measureHeartbeats(place) {
  const inputs = path.join(place.folder, 'heartbeats-in');
  mkdirSync(inputs);
  for (let file = 0; file < FILES; file++) {
    const { stem, id, sequence } = oneRecord(file);
    writeFileSync(path.join(inputs, `${LONG_NAME}-${stem}.fa`), `>${id}\n${sequence}\n`);
  }
  const worker = new WorkerProcess(place.worker);
  try {
    const run = await startRun(place.client, {
      directory: path.join(place.folder, 'heartbeats'),
      inputs: [inputs],
      embedders: [{ name: 'fake', options: { delayMs: String(DELAY_MS) } }],
      tuning: place.tuning,
    });
    const sizes = new PayloadSizes();
    const over = run.result().then(() => true);
    while (!(await Promise.race([over, sleep(500, false)])))
      sizes.merge(await heartbeatDetailsNow(place.client, run.workflowId));
    return sizes;
  } finally {
    await worker.stop();
  }
}
