import { execFileSync, spawnSync } from 'node:child_process';
import { copyFile, mkdir, rename } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { writeCheckpoint } from '../../dist/checkpoint/index.js';
import { FOLDER } from './subjects.mjs';

const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** As many as the examples of the reference hold. */
const ROWS = 4;
const DISTINCT = 100;
const KINDS = /** @type {const} */ ([
  ['nucleotide', 768, '_DNABERT_S.pt'],
  ['protein', 2560, '_ESM.pt'],
  ['merged', 3328, '_merged.pt'],
  ['vectors', 136, '_KMER.pt'],
]);

/**
 * Checkpoints of our writer, a quarter of each kind; of some with the same bytes, so that not every one costs its fsyncs.
 *
 * @param {string} folder made, complete or not at all
 * @param {number} files
 */
export async function makeFolder(folder, files) {
  const unfinished = `${folder}.unfinished`;
  await mkdir(unfinished, { recursive: true });
  /** @type {string[]} */
  const written = [];
  for (let n = 0; n < files; n++) {
    const [kind, dim, suffix] = KINDS[n % KINDS.length] ?? KINDS[0];
    const path = join(unfinished, `sample_${String(n).padStart(5, '0')}${suffix}`);
    const source = written[n % DISTINCT];
    if (source === undefined) {
      await writeCheckpoint(path, contentOf(kind, dim, n));
      written.push(path);
    } else {
      await copyFile(source, path);
    }
  }
  await rename(unfinished, folder);
}

/**
 * @param {(typeof KINDS)[number][0]} kind
 * @param {number} dim
 * @param {number} seed
 */
function contentOf(kind, dim, seed) {
  const rows = Float32Array.from({ length: ROWS * dim }, (_, index) => Math.sin(index + 1 + seed));
  return { kind, dim, rows, ids: Array.from({ length: ROWS }, (_, row) => `sample_${seed}_chunk_${row}`) };
}

/**
 * How long `virnucpro validate-checkpoints` takes, from its start to its end.
 *
 * @param {string} folder
 * @param {number} rounds
 * @returns {number[]} seconds of each round
 */
export function measureFolder(folder, rounds) {
  const [command, ...args] = [...onFewCores(), process.execPath, COMMAND, 'validate-checkpoints', folder];
  const run = () => {
    const start = performance.now();
    // Throws unless every checkpoint is valid.
    execFileSync(command ?? '', args, { stdio: ['ignore', 'ignore', 'inherit'] });
    return (performance.now() - start) / 1000;
  };
  run();
  return Array.from({ length: rounds }, run);
}

/** @returns {string[]} the command that keeps what follows it on as many cores as the goal is for; none where there are no more */
function onFewCores() {
  const prefix = ['taskset', '--cpu-list', `0-${FOLDER.cores - 1}`];
  const needed = availableParallelism() > FOLDER.cores;
  return needed && spawnSync('taskset', [...prefix.slice(1), 'true']).status === 0 ? prefix : [];
}
