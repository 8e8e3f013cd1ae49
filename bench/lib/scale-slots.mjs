import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { startRun } from '../../dist/client/index.js';
import { makeOneRecordFiles } from './one-record-files.mjs';
import { executionsOf, secondsOf } from './scale-histories.mjs';
import { slotUse } from './slot-use.mjs';
import { WorkerProcess } from './worker-process.mjs';

/**
 * @typedef {import('./slot-use.mjs').Task} Task
 * @typedef {import('./slot-use.mjs').SlotUse & { partitions: number, device: number }} PartitionedUse device: share of
 *   the time from the first start to the last end in which the device computed
 */

/**
 * @typedef {object} SlotOptions
 * @property {number} files
 * @property {number} slots tasks in flight: as for a GPU, one more than are computed
 * @property {number} partitionSize several times `maxInFlight`, as by default
 * @property {number} maxInFlight several times `slots`, as by default
 * @property {number} [delayMs] how long a task takes at least
 */

/**
 * Embeds files of one record that take 100 ms each by default, one after the other on one device, in small partitions, and looks at the
 * device and the slots.
 *
 * @param {import('./scale-place.mjs').Place} place
 * @param {SlotOptions} options
 * @returns {Promise<PartitionedUse>}
 */
export async function measureSlots(place, { files, slots, partitionSize, maxInFlight, delayMs = 100 }) {
  const name = `slots-${randomUUID()}`;
  const inputs = path.join(place.folder, `${name}-in`);
  makeOneRecordFiles(inputs, files);
  const worker = new WorkerProcess({ ...place.worker, slots });
  try {
    const run = await startRun(place.client, {
      directory: path.join(place.folder, name),
      inputs: [inputs],
      embedders: [{ name: 'fake', options: { delayMs: String(delayMs), batchesAtOnce: '1' } }],
      tuning: { ...place.tuning, partitionSize, maxInFlight },
    });
    const outcome = await run.result();
    if (outcome.embedded !== files) throw new Error(JSON.stringify(outcome));
    const { partitions } = await executionsOf(place.client, run.workflowId);
    const tasks = (await Promise.all(partitions.map((partition) => embedTasks(place.client, partition)))).flat();
    return { partitions: partitions.length, device: deviceUse(tasks, delayMs), ...slotUse(tasks, slots) };
  } finally {
    await worker.stop();
  }
}

/**
 * @param {readonly Task[]} tasks
 * @param {number} delayMs
 * @returns {number}
 */
function deviceUse(tasks, delayMs) {
  const begin = Math.min(...tasks.map(({ started }) => started));
  const end = Math.max(...tasks.map(({ completed }) => completed));
  return (tasks.length * delayMs) / 1000 / (end - begin);
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
