import { parseArgs } from 'node:util';

export const HELP = `npm run bench:scale [-- OPTIONS]

  --files N         files of one record in the large run (default 100000; 0: none)
  --in-flight N     tasks in flight per partition, and items of the bare workflow (default 32)
  --ratio-files N   files, and items, of a round of the comparison with a bare workflow (default 2000)
  --rounds N        rounds of that comparison, with fsync and without (default 3; 0: none)
  --planning N      checkpoints that a planning pass finds (default 10000; 0: none)
  --slot-files N    files of 100 ms each on one device in small partitions, to see it idle (default 300; 0: none)
  --minutes N       end the large run after so long, and report what was measured by then
  --keep DIR        work in this new folder and keep it (default: a temporary one)
  --json FILE       write every figure to FILE, and go on writing: it is there when the bench is interrupted
`;

/**
 * @typedef {object} Options
 * @property {number} files
 * @property {number} inFlight
 * @property {number} ratioFiles
 * @property {number} rounds
 * @property {number} planning
 * @property {number} slotFiles
 * @property {number | undefined} minutes
 * @property {string | undefined} keep
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
      files: text,
      'in-flight': text,
      'ratio-files': text,
      rounds: text,
      planning: text,
      'slot-files': text,
      minutes: text,
      keep: text,
      json: text,
      help: { type: 'boolean' },
    },
  });
  const { keep, json, minutes, help = false } = values;
  return {
    files: whole('--files', values.files ?? '100000', 0),
    inFlight: whole('--in-flight', values['in-flight'] ?? '32', 1),
    ratioFiles: whole('--ratio-files', values['ratio-files'] ?? '2000', 1),
    rounds: whole('--rounds', values.rounds ?? '3', 0),
    planning: whole('--planning', values.planning ?? '10000', 0),
    slotFiles: whole('--slot-files', values['slot-files'] ?? '300', 0),
    minutes: minutes === undefined ? undefined : whole('--minutes', minutes, 1),
    keep,
    json,
    help,
  };
}

/**
 * @param {string} option
 * @param {string} text
 * @param {number} least
 */
function whole(option, text, least) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) {
    throw new Error(`${option} ${text}: expected a whole number of at least ${least}`);
  }
  return value;
}
