/**
 * @typedef {import('./scale-large.mjs').LargeRun} LargeRun
 * @typedef {import('./scale-planning.mjs').Planning} Planning
 * @typedef {import('./scale-ratio.mjs').Ratio} Ratio
 * @typedef {import('./scale-run.mjs').Sample} Sample
 * @typedef {import('./scale-slots.mjs').PartitionedUse} PartitionedUse
 */

/** @param {number} bytes */
function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

/**
 * @param {Readonly<Record<string, number>>} values
 * @param {string} unit
 */
function listed(values, unit) {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value.toFixed(1)} ${unit}`)
    .join(', ');
}

/**
 * @param {Sample | undefined} sample
 * @param {number} files
 */
export function formatProgress(sample, files) {
  if (sample === undefined) return '';
  const { seconds, phase, done, rssBytes, heapBytes, serverRssBytes } = sample;
  const rate = done === 0 ? '' : `, ${((1000 * seconds) / done).toFixed(1)} ms per file`;
  const memory = `worker ${megabytes(rssBytes)} (heap ${megabytes(heapBytes)}), server ${megabytes(serverRssBytes)}`;
  return `${seconds.toFixed(0)} s: ${phase}, ${done}/${files} files${rate}; ${memory}`;
}

/** @param {LargeRun} run */
export function formatLargeRun(run) {
  const { disk, events, payloads, memory } = run;
  const at = memory.at.map(
    (one) => `${100 * one.share} %: ${megabytes(one.rssBytes)} (heap ${megabytes(one.heapBytes)})`,
  );
  return [
    '',
    `${run.files} files of one record: ${run.outcome} after ${run.seconds.toFixed(0)} s, ${run.done} done`,
    `  on disk: ${disk.valid} valid, ${disk.failed} not, ${disk.inProgress} unfinished, ${disk.leftovers.length} leftovers`,
    `  CPU per file: ${listed(run.cpuMsPerFile, 'ms')}; the root's activities: ${listed(run.activitySeconds, 's')}`,
    `  events: ${events.total} in all; root ${events.root.join(', ')}; ${events.partitions} partitions, the largest execution ${events.largest}`,
    `  payloads: ${payloads.count} looked at, the largest ${payloads.largest} bytes in ${payloads.where}`,
    `  worker: ${at.join(', ')}; ${megabytes(memory.lowest)} to ${megabytes(memory.highest)} from 10 % to 90 % (${memory.samples} samples); peak ${megabytes(run.workerPeakBytes)}`,
    `  server: peak ${megabytes(run.serverPeakBytes)}`,
  ];
}

/** @param {Ratio} ratio */
export function formatRatio({ ratio, ratioWithoutFsync }) {
  return [
    '',
    `per file beside a bare workflow: ${ratio.toFixed(2)} × with fsync, ${ratioWithoutFsync.toFixed(2)} × without`,
  ];
}

/** @param {Planning} planning */
export function formatPlanning({ checkpoints, dryRun, whole, activities, workerPeakBytes }) {
  return [
    '',
    `planning over ${checkpoints} checkpoints: embed --dry-run ${dryRun.toFixed(1)} s; a run ${whole.toFixed(1)} s (${listed(activities, 's')}); worker's peak ${megabytes(workerPeakBytes)}`,
  ];
}

/** @param {PartitionedUse} use */
export function formatSlots({ partitions, device, busy, starved, taskMs, seconds }) {
  const share = (/** @type {number} */ value) => `${(100 * value).toFixed(1)} %`;
  return [
    '',
    `a device over ${partitions} partitions in ${seconds.toFixed(1)} s: busy ${share(device)}; its slots: busy ${share(busy)}, idle with no task waiting ${share(starved)}; a task took ${taskMs.toFixed(0)} ms`,
  ];
}
