/**
 * @typedef {object} Goal
 * @property {string} name
 * @property {number} measured
 * @property {number} bound at most
 * @property {string} unit
 */

/** What issue and design ask of a large run. */
export const BOUNDS = {
  msPerFile: 60,
  eventsPerExecution: 10_000,
  payloadBytes: 64 * 1024,
  heartbeatDetailsBytes: 1024,
  memoryDeviationBytes: 50e6,
  ratioToBare: 1.6,
  planningSeconds: 10,
  idleSlots: 0.05,
};

/** @param {Goal} goal */
export function isMet({ measured, bound }) {
  return measured <= bound;
}

/**
 * @param {import('./scale-large.mjs').LargeRun} run
 * @returns {Goal[]}
 */
export function goalsOfRun({ msPerFile, events, payloads, memory }) {
  return [
    { name: 'the large run, per file', measured: msPerFile, bound: BOUNDS.msPerFile, unit: 'ms' },
    { name: 'largest history', measured: events.largest, bound: BOUNDS.eventsPerExecution, unit: 'events' },
    { name: 'largest payload', measured: payloads.largest, bound: BOUNDS.payloadBytes, unit: 'bytes' },
    {
      name: 'resident memory of the worker, 10 % to 90 % of the files: ±',
      measured: memory.deviation / 1e6,
      bound: BOUNDS.memoryDeviationBytes / 1e6,
      unit: 'MB',
    },
  ];
}

/** @param {Goal} goal */
export function formatGoal(goal) {
  const { name, measured, bound, unit } = goal;
  const digits = Math.abs(measured) < 100 ? 2 : 0;
  return `${isMet(goal) ? 'met   ' : 'MISSED'}  ${name}: ${measured.toFixed(digits)} ${unit} (at most ${bound})`;
}
