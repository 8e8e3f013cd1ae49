import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { startRun } from '../../dist/client/index.js';
import { makeOneRecordFiles } from './one-record-files.mjs';
import { executionsOf, secondsOf } from './scale-histories.mjs';
import { WorkerProcess } from './worker-process.mjs';

/**
 * @typedef {object} SlotUse of the slots of one embedder while tasks were left to be started
 * @property {number} partitions
 * @property {number} busy share of the slots' time in which they had a task
 * @property {number} starved share of the slots' time in which they had none, and none was waiting: what opening
 *   partitions too late would cost
 * @property {number} taskMs mean time of a task
 * @property {number} seconds
 */

/** @typedef {{ scheduled: number, started: number, completed: number }} Task seconds, by the server's clock */

/** How long a task takes at least. */
const DELAY_MS = 100;

/**
 * @typedef {object} SlotOptions
 * @property {number} files
 * @property {number} slots
 * @property {number} partitionSize several times `maxInFlight`, as by default
 * @property {number} maxInFlight several times `slots`, as by default
 */

/**
 * Embeds files of one record that take 100 ms each in small partitions, and looks at the slots.
 *
 * @param {import('./scale-place.mjs').Place} place
 * @param {SlotOptions} options
 * @returns {Promise<SlotUse>}
 */
export async function measureSlots(place, { files, slots, partitionSize, maxInFlight }) {
  const name = `slots-${randomUUID()}`;
  const inputs = path.join(place.folder, `${name}-in`);
  makeOneRecordFiles(inputs, files);
  const worker = new WorkerProcess({ ...place.worker, slots });
  try {
    const run = await startRun(place.client, {
      directory: path.join(place.folder, name),
      inputs: [inputs],
      embedders: [{ name: 'fake', options: { delayMs: String(DELAY_MS) } }],
      tuning: { ...place.tuning, partitionSize, maxInFlight },
    });
    const outcome = await run.result();
    if (outcome.embedded !== files) throw new Error(JSON.stringify(outcome));
    const { partitions } = await executionsOf(place.client, run.workflowId);
    const tasks = (await Promise.all(partitions.map((partition) => embedTasks(place.client, partition)))).flat();
    return { partitions: partitions.length, ...slotUse(tasks, slots) };
  } finally {
    await worker.stop();
  }
}

/**
 * @param {import('@temporalio/client').Client} client
 * @param {{ workflowId: string, runId: string }} partition
 * @returns {Promise<Task[]>}
 */
async function embedTasks(client, { workflowId, runId }) {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const times = new Map(events?.map(({ eventId, eventTime }) => [String(eventId), secondsOf(eventTime)]));
  const time = (/** @type {unknown} */ id) => times.get(String(id)) ?? NaN;
  const embeds = new Set(
    events
      ?.filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'embedFile')
      .map(({ eventId }) => String(eventId)),
  );
  return (events ?? []).flatMap(({ eventId, activityTaskCompletedEventAttributes: completed }) => {
    if (!completed || !embeds.has(String(completed.scheduledEventId))) return [];
    const { scheduledEventId, startedEventId } = completed;
    return [{ scheduled: time(scheduledEventId), started: time(startedEventId), completed: time(eventId) }];
  });
}

/**
 * @param {readonly Task[]} tasks
 * @param {number} slots
 * @returns {Omit<SlotUse, 'partitions'>}
 */
export function slotUse(tasks, slots) {
  const changes = tasks.flatMap(({ scheduled, started, completed }) => [
    { at: scheduled, waiting: 1, running: 0 },
    { at: started, waiting: -1, running: 1 },
    { at: completed, waiting: 0, running: -1 },
  ]);
  const begin = Math.min(...tasks.map(({ started }) => started));
  const end = Math.max(...tasks.map(({ started }) => started));
  let waiting = 0;
  let running = 0;
  let busy = 0;
  let starved = 0;
  let last = begin;
  for (const change of changes.toSorted((a, b) => a.at - b.at)) {
    const at = Math.min(Math.max(change.at, begin), end);
    busy += (at - last) * Math.min(running, slots);
    if (waiting === 0) starved += (at - last) * Math.max(0, slots - running);
    last = at;
    waiting += change.waiting;
    running += change.running;
  }
  const slotSeconds = slots * (end - begin);
  const taskSeconds = tasks.reduce((sum, { started, completed }) => sum + completed - started, 0);
  return {
    busy: busy / slotSeconds,
    starved: starved / slotSeconds,
    taskMs: (1000 * taskSeconds) / tasks.length,
    seconds: end - begin,
  };
}
