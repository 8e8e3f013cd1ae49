/**
 * @typedef {'nucleotide' | 'protein' | 'merged'} Kind
 * @typedef {object} Subject
 * @property {string} name
 * @property {Kind} kind
 * @property {number} rows
 * @property {number} dim
 * @property {string} suffix of the file's name, which states its kind
 * @property {{ structure: number, deep: number, save?: number }} goals how many times faster than torch; without `save`
 *   it is not saved
 */

/** @type {readonly Subject[]} */
export const SUBJECTS = [
  {
    name: 'nucleotide',
    kind: 'nucleotide',
    rows: 10_000,
    dim: 768,
    suffix: '_DNABERT_S.pt',
    goals: { structure: 12, deep: 8, save: 8 },
  },
  {
    name: 'protein',
    kind: 'protein',
    rows: 10_000,
    dim: 2560,
    suffix: '_ESM.pt',
    goals: { structure: 20, deep: 5, save: 3 },
  },
  {
    name: 'merged',
    kind: 'merged',
    rows: 10_000,
    dim: 3328,
    suffix: '_merged.pt',
    goals: { structure: 20, deep: 1, save: 0.5 },
  },
  {
    name: 'merged-large',
    kind: 'merged',
    rows: 180_000,
    dim: 3328,
    suffix: '_merged.pt',
    goals: { structure: 300, deep: 1.5 },
  },
];

/** The folder of small checkpoints. */
export const FOLDER = { name: 'folder', files: 10_000, maxSeconds: 5, cores: 2 };

/** For every subject. */
export const COMMON_GOALS = { maxRssBytes: 256e6, maxLoopDelayMs: 50, plainShare: 0.8 };

export const NAMES = [...SUBJECTS.map(({ name }) => name), FOLDER.name];
