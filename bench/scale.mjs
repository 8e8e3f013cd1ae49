#!/usr/bin/env node
// `npm run bench:scale`: a run of 100,000 files of one record, what a file costs beside a bare workflow, and a planning pass
// over 10,000 checkpoints.
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import process from 'node:process';
import { runMain, say } from '../scripts/lib/console.mjs';
import { BOUNDS, formatGoal, goalsOfRun, isMet } from './lib/scale-goals.mjs';
import { measureHeartbeats } from './lib/scale-heartbeats.mjs';
import { measureLargeRun } from './lib/scale-large.mjs';
import { HELP, parseOptions } from './lib/scale-options.mjs';
import { makePlace } from './lib/scale-place.mjs';
import { measurePlanning } from './lib/scale-planning.mjs';
import { measureRatio } from './lib/scale-ratio.mjs';
import { measureSlots } from './lib/scale-slots.mjs';
import { formatLargeRun, formatPlanning, formatProgress, formatRatio, formatSlots } from './lib/scale-report.mjs';

/**
 * @typedef {import('./lib/scale-options.mjs').Options} Options
 * @typedef {import('./lib/scale-place.mjs').Place} Place
 * @typedef {import('./lib/scale-goals.mjs').Goal} Goal
 * @typedef {import('./lib/scale-run.mjs').Sample} Sample
 */

/** Slots and tasks in flight as by default, partitions a fifth of that, so that there are many boundaries. */
const SLOTS = { slots: 2, partitionSize: 50, maxInFlight: 16 };
/** Samples between two lines of progress, one a second. */
const SAMPLES_PER_LINE = 30;

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const results = new Results(options);
  const place = await makePlace(options.keep, say);
  try {
    await measureAll(place, options, results);
  } finally {
    await results.store();
    await place.leave();
  }
  return 0;
}

/**
 * Small measurements first: the large one may be ended early.
 *
 * @param {Place} place
 * @param {Options} options
 * @param {Results} results
 */
async function measureAll(place, options, results) {
  if (options.rounds > 0) {
    const ratio = await measureRatio(place, options, say);
    const goal = {
      name: 'a file beside an item of a bare workflow',
      measured: ratio.ratio,
      bound: BOUNDS.ratioToBare,
      unit: '×',
    };
    await results.add('ratio', ratio, formatRatio(ratio), [goal]);
  }
  if (options.planning > 0) {
    const planning = await measurePlanning(place, options.planning, say);
    const { dryRun, activities } = planning;
    const common = { bound: BOUNDS.planningSeconds, unit: 's' };
    const goals = [
      { name: `planRun over ${planning.checkpoints} checkpoints`, measured: activities['planRun'] ?? NaN, ...common },
      { name: 'embed --dry-run over them, the whole process', measured: dryRun, ...common },
    ];
    await results.add('planning', planning, formatPlanning(planning), goals);
  }
  if (options.slotFiles > 0) {
    const slots = await measureSlots(place, { ...SLOTS, files: options.slotFiles });
    const common = { bound: 100 * BOUNDS.idleSlots, unit: '%' };
    const goals = [
      { name: 'idle time of a device, tasks of 100 ms', measured: 100 * (1 - slots.device), ...common },
      { name: 'idle time of its two slots', measured: 100 * (1 - slots.busy), ...common },
    ];
    await results.add('slots', slots, formatSlots(slots), goals);
  }
  if (options.files > 0) {
    const { largest: measured } = await measureHeartbeats(place);
    const goal = { name: 'largest heartbeat details', measured, bound: BOUNDS.heartbeatDetailsBytes, unit: 'bytes' };
    await results.add('heartbeatDetailsBytes', measured, [''], [goal]);
    const run = await measureLargeRun(place, options, {
      signal: leaving(options),
      onSample: (samples) => results.sampled(samples),
    });
    await results.add('run', run, formatLargeRun(run), goalsOfRun(run));
  }
}

/**
 * Fires on the first Ctrl-C, on SIGTERM, and when the time is up: what was measured by then is reported.
 *
 * @param {Options} options
 */
function leaving({ minutes }) {
  const interrupted = new AbortController();
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => interrupted.abort());
  if (minutes !== undefined) setTimeout(() => interrupted.abort(), minutes * 60_000).unref();
  return interrupted.signal;
}

/** Prints what is measured, and keeps it in a file from the first figure on. */
class Results {
  #json;
  #options;
  /** @type {Record<string, unknown>} */
  #figures = {};
  /** @type {Goal[]} */
  #goals = [];

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
    this.#json = options.json;
  }

  /**
   * @param {string} name
   * @param {object | number} figure
   * @param {readonly string[]} lines
   * @param {readonly Goal[]} goals
   */
  async add(name, figure, lines, goals) {
    this.#figures[name] = figure;
    this.#goals.push(...goals);
    process.stdout.write(`${[...lines, ...goals.map(formatGoal)].join('\n')}\n`);
    await this.store();
  }

  /** @param {readonly Sample[]} samples of the large run so far */
  sampled(samples) {
    if (samples.length % SAMPLES_PER_LINE !== 0) return;
    say(formatProgress(samples.at(-1), this.#options.files));
    this.#figures['run'] = { unfinished: true, samples };
    void this.store();
  }

  async store() {
    if (this.#json === undefined) return;
    const machine = `Node ${process.versions.node}, ${availableParallelism()} cores of ${cpus()[0]?.model}`;
    const goals = this.#goals.map((goal) => ({ ...goal, met: isMet(goal) }));
    const content = { machine, options: this.#options, ...this.#figures, goals };
    await writeFile(this.#json, `${JSON.stringify(content, null, 2)}\n`);
  }
}

await runMain(main);
