import { parseArgs } from 'node:util';

export const HELP = `npm run bench:predict [-- OPTIONS]

  --chunks N             chunks of 500 letters to predict (default 10000)
  --sequences-per-file N sequences per split file (default 10000)
  --rounds N             rounds, in which Python and we take turns (default 3)
  --seed N               of contigs, embeddings and classifier (default 1)
  --python PATH          a Python with torch (default: the last of $VIRNUCPRO_PYTHON, or /usr/bin/python3);
                         without one only our own seconds are printed
  --folder PATH          make the files (1 GB) in a temporary folder there (default: that of the system)
  --json FILE            write every figure to FILE
`;

/**
 * @typedef {object} Options
 * @property {number} chunks
 * @property {number} sequencesPerFile
 * @property {number} rounds
 * @property {number} seed
 * @property {string | undefined} python
 * @property {string | undefined} folder
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
      chunks: text,
      'sequences-per-file': text,
      rounds: text,
      seed: text,
      python: text,
      folder: text,
      json: text,
      help: { type: 'boolean' },
    },
  });
  const { python, folder, json, help = false } = values;
  return {
    chunks: positive('--chunks', values.chunks ?? '10000'),
    sequencesPerFile: positive('--sequences-per-file', values['sequences-per-file'] ?? '10000'),
    rounds: positive('--rounds', values.rounds ?? '3'),
    seed: positive('--seed', values.seed ?? '1'),
    python,
    folder,
    json,
    help,
  };
}

/**
 * @param {string} option
 * @param {string} text
 */
function positive(option, text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value <= 0) throw new Error(`${option} ${text}: expected a whole number above 0`);
  return value;
}
