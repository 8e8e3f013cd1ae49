import { isMet, overRounds } from './goals.mjs';

/** @typedef {import('./goals.mjs').Goal} Goal */
/** @typedef {import('./measure.mjs').Figures} Figures */

/**
 * @param {readonly Figures[]} figures
 * @returns {string[]} lines
 */
export function formatFigures(figures) {
  return [
    '',
    'Time in seconds (medians), and how many times faster than torch (median of the ratios of each round)',
    ...formatTable([
      [
        'file',
        'rows',
        'MB',
        'torch.load',
        'structure',
        'ratio',
        'deep',
        'ratio',
        'read+crc32',
        'torch.save',
        'save',
        'ratio',
      ],
      ...figures.map(timesOf),
    ]),
    '',
    'Peak resident memory in MB, and longest delay of the event loop in ms, of a fresh process that does only this',
    '(that of a save includes the values, which its caller holds)',
    ...formatTable([['file', 'torch.load', 'structure', '', 'deep', '', 'save', ''], ...figures.map(footprintsOf)]),
  ];
}

/** @param {Figures} figures */
function timesOf(figures) {
  const { subject, bytes } = figures;
  const { goals } = subject;
  /** @type {(of: (round: import('./measure.mjs').Round) => number) => string} */
  const seconds = (of) => digits(overRounds(figures, of));
  /** @type {(of: (round: import('./measure.mjs').Round) => number) => string} */
  const ratio = (of) => `${seconds(of)}×`;
  return [
    subject.name,
    String(subject.rows),
    digits(bytes / 1e6),
    seconds(({ torchLoad }) => torchLoad),
    seconds(({ structure }) => structure),
    ratio(({ torchLoad, structure }) => torchLoad / structure),
    seconds(({ deep }) => deep),
    ratio(({ torchLoad, deep }) => torchLoad / deep),
    seconds(({ plainCrc }) => plainCrc),
    ...(goals.save === undefined
      ? ['–', '–', '–']
      : [
          seconds(({ torchSave = NaN }) => torchSave),
          seconds(({ save = NaN }) => save),
          ratio(({ torchSave = NaN, save = NaN }) => torchSave / save),
        ]),
  ];
}

/** @param {Figures} figures */
function footprintsOf({ subject, footprints, torchMaxRssBytes }) {
  const { structure, deep, save } = footprints;
  /** @type {(footprint: import('./measure.mjs').Footprint | undefined) => string[]} */
  const cells = (footprint) =>
    footprint ? [digits(footprint.maxRssBytes / 1e6), `${digits(footprint.loopDelayMs)} ms`] : ['–', '–'];
  return [subject.name, digits(torchMaxRssBytes / 1e6), ...cells(structure), ...cells(deep), ...cells(save)];
}

/**
 * @param {readonly Goal[]} goals
 * @returns {string[]} lines, the last of which says how many are met
 */
export function formatGoals(goals) {
  const rows = goals.map((goal) => [
    isMet(goal) ? 'met' : 'NOT met',
    goal.subject,
    goal.name,
    `${digits(goal.measured)}${goal.unit}`,
    `(goal ${goal.sense === 'at least' ? '≥' : '≤'} ${goal.bound}${goal.unit})`,
  ]);
  return ['', ...formatTable(rows, 3), '', `${goals.filter(isMet).length} of ${goals.length} goals met`];
}

/** @param {number} value */
function digits(value) {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/**
 * @param {readonly (readonly string[])[]} rows
 * @param {number} texts how many columns, from the left, hold text; numbers end at the same place
 * @returns {string[]}
 */
function formatTable(rows, texts = 1) {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => (column < texts ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
