import { parseArgs } from 'node:util';
import { NAMES } from './subjects.mjs';

export const HELP = `npm run bench:checkpoint [-- OPTIONS]

  --rounds N       rounds, in which torch and we take turns (default 5)
  --only a,b       only these of ${NAMES.join(', ')}
  --python PATH    a Python with torch (default: the last of $VIRNUCPRO_PYTHON, or /usr/bin/python3)
  --folder PATH    make the files (3 GB) in a temporary folder there (default: that of the system)
  --keep PATH      make the files in this folder, keep them, and use again what is there
  --scale X        multiply the sizes by X; the goals are for 1 (default)
  --json FILE      write every figure to FILE
`;

/**
 * @typedef {object} Options
 * @property {number} rounds
 * @property {readonly string[]} only
 * @property {string | undefined} python
 * @property {string | undefined} folder
 * @property {string | undefined} keep
 * @property {number} scale
 * @property {string | undefined} json
 * @property {boolean} help
 */

/**
 * @param {readonly string[]} argv
 * @returns {Options}
 * @throws Error that says which option is wrong and what is expected
 */
export function parseOptions(argv) {
  const text = /** @type {const} */ ({ type: 'string' });
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: text,
      only: text,
      python: text,
      folder: text,
      keep: text,
      scale: text,
      json: text,
      help: { type: 'boolean' },
    },
  });
  const { python, folder, keep, json, help = false } = values;
  if (folder !== undefined && keep !== undefined) throw new Error('--folder and --keep exclude each other');
  return {
    rounds: positive('--rounds', values.rounds ?? '5', Number.isInteger),
    only: values.only === undefined ? NAMES : namesOf(values.only),
    python,
    folder,
    keep,
    scale: positive('--scale', values.scale ?? '1', Number.isFinite),
    json,
    help,
  };
}

/**
 * @param {string} option
 * @param {string} text
 * @param {(value: number) => boolean} accepts
 */
function positive(option, text, accepts) {
  const value = Number(text);
  if (!accepts(value) || value <= 0) throw new Error(`${option} ${text}: expected a number above 0`);
  return value;
}

/** @param {string} text */
function namesOf(text) {
  const names = text.split(',');
  const unknown = names.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: expected some of ${NAMES.join(', ')}`);
  return names;
}
