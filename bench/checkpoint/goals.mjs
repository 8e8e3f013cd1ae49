import { median } from '../lib/statistics.mjs';
import { COMMON_GOALS, FOLDER } from './subjects.mjs';

/** @typedef {import('./measure.mjs').Figures} Figures */
/** @typedef {import('./measure.mjs').Round} Round */

/**
 * @typedef {object} Goal
 * @property {string} subject
 * @property {string} name
 * @property {number} measured
 * @property {number} bound
 * @property {'at least' | 'at most'} sense
 * @property {'×' | ' %' | ' MB' | ' ms' | ' s'} unit
 */

/** @param {Goal} goal */
export function isMet({ measured, bound, sense }) {
  return sense === 'at least' ? measured >= bound : measured <= bound;
}

/**
 * The median of what each round gives: both sides of a ratio are of the same minute.
 *
 * @param {Figures} figures
 * @param {(round: Round) => number} of
 */
export function overRounds({ rounds }, of) {
  return median(rounds.map(of));
}

/**
 * @param {Figures} figures
 * @returns {Goal[]}
 */
export function goalsOf(figures) {
  const { subject, footprints } = figures;
  const { goals } = subject;
  /** @type {(name: string, bound: number, of: (round: Round) => number) => Goal} */
  const faster = (name, bound, of) => ({
    subject: subject.name,
    name,
    measured: overRounds(figures, of),
    bound,
    sense: 'at least',
    unit: '×',
  });
  const all = Object.values(footprints);
  return [
    faster('structure against torch.load', goals.structure, ({ torchLoad, structure }) => torchLoad / structure),
    faster('deep against torch.load', goals.deep, ({ torchLoad, deep }) => torchLoad / deep),
    ...(goals.save === undefined
      ? []
      : [faster('save against torch.save', goals.save, ({ torchSave = NaN, save = NaN }) => torchSave / save)]),
    {
      subject: subject.name,
      name: 'deep: share of the speed of read + zlib.crc32',
      measured: 100 * overRounds(figures, ({ plainCrc, deep }) => plainCrc / deep),
      bound: 100 * COMMON_GOALS.plainShare,
      sense: 'at least',
      unit: ' %',
    },
    {
      subject: subject.name,
      name: 'peak resident memory',
      measured: Math.max(...all.map(({ maxRssBytes }) => maxRssBytes)) / 1e6,
      bound: COMMON_GOALS.maxRssBytes / 1e6,
      sense: 'at most',
      unit: ' MB',
    },
    {
      subject: subject.name,
      name: 'longest delay of the event loop',
      measured: Math.max(...all.map(({ loopDelayMs }) => loopDelayMs)),
      bound: COMMON_GOALS.maxLoopDelayMs,
      sense: 'at most',
      unit: ' ms',
    },
  ];
}

/**
 * @param {readonly number[]} seconds of each round
 * @returns {Goal}
 */
export function folderGoal(seconds) {
  return {
    subject: FOLDER.name,
    name: 'validate-checkpoints, the whole process',
    measured: median(seconds),
    bound: FOLDER.maxSeconds,
    sense: 'at most',
    unit: ' s',
  };
}
