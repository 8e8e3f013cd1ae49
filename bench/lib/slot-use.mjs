/**
 * @typedef {{ scheduled: number, started: number, completed: number }} Task seconds, by the server's clock
 *
 * @typedef {object} SlotUse of the slots of one embedder while tasks were left to be started
 * @property {number} busy share of the slots' time in which they had a task
 * @property {number} starved share of the slots' time in which they had none, and none was waiting: what opening
 *   partitions too late would cost
 * @property {number} taskMs mean time of a task
 * @property {number} seconds from the first start to the last
 */

/**
 * @param {readonly Task[]} tasks
 * @param {number} slots
 * @returns {SlotUse}
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
