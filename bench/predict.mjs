#!/usr/bin/env node
// `npm run bench:predict`: the stages of a prediction without its embedding, beside the same in plain Python and torch.
import { rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { runMain, say } from '../scripts/lib/console.mjs';
import { choosePython, makeWorkplace, torchVersion } from './checkpoint/workplace.mjs';
import { JsonLinesProcess } from './lib/json-lines-process.mjs';
import { writeClassifier, writeContigs } from './predict/inputs.mjs';
import { HELP, parseOptions } from './predict/options.mjs';
import { contextOf, fakeEmbeddings, placeEmbeddings, STAGES, timeStage } from './predict/ours.mjs';
import { formatFigures } from './predict/report.mjs';

/** @typedef {import('./predict/options.mjs').Options} Options */
/** @typedef {import('./predict/ours.mjs').Stage} Stage */
/** @typedef {Partial<Record<Stage, number>>} Seconds */
/** @typedef {{ ours: Seconds, python: Seconds }} Round */
/** @typedef {Record<'nucleotide' | 'protein', string[]>} Embeddings */

/**
 * @typedef {object} Comparison
 * @property {Record<Stage, boolean>} same
 * @property {number} rows
 * @property {number} otherLabels
 * @property {number} scoreDifference
 */

const REFERENCE = fileURLToPath(new URL('./predict_reference.py', import.meta.url));
const STEM = 'bench';

await runMain(main);

async function main() {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { python, torch } = await findPython(options);
  const beside = torch === undefined ? 'no Python with torch' : `torch ${torch} (${python})`;
  print([`${beside}, Node ${process.versions.node}, ${availableParallelism()} cores of ${cpus()[0]?.model}`]);

  const folder = makeWorkplace({ folder: options.folder, keep: undefined });
  const files = { input: join(folder, `${STEM}.fa`), model: join(folder, 'model.safetensors') };
  await writeContigs(files.input, options.chunks, options.seed);
  writeClassifier(files.model, options.seed);
  const { sequences, parts, embeddings } = await embed(folder, files, options);
  print([
    `${options.chunks} chunks of 500, ${sequences} sequences in ${parts} files; embeddings are faked; ${options.rounds} rounds`,
  ]);

  const reference = torch === undefined ? undefined : new JsonLinesProcess(python, [REFERENCE]);
  /** @type {Round[]} */
  const rounds = [];
  /** @type {Comparison[]} */
  const comparisons = [];
  for (let round = 1; round <= options.rounds; round++) {
    say(`round ${round}`);
    const place = { folder: join(folder, `round-${round}`), files, embeddings };
    rounds.push(await measure(place, options, reference));
    if (reference !== undefined) comparisons.push(await compare(place, reference));
    rmSync(place.folder, { recursive: true });
  }
  await reference?.end();
  print(formatFigures({ rounds, comparisons, sequences, chunks: options.chunks }));
  if (options.json !== undefined) {
    const document = { torch, options, sequences, parts, rounds, comparisons };
    await writeFile(options.json, `${JSON.stringify(document, null, 2)}\n`);
  }
  return comparisons.every(({ same }) => Object.values(same).every(Boolean)) ? 0 : 1;
}

/**
 * @param {Options} options
 * @returns {Promise<{ python: string, torch: string | undefined }>}
 */
async function findPython(options) {
  const python = choosePython(options.python);
  try {
    return { python, torch: await torchVersion(python) };
  } catch (error) {
    if (options.python !== undefined) throw error;
    say(`SKIPPED the counterpart: ${/** @type {Error} */ (error).message}`);
    return { python, torch: undefined };
  }
}

/**
 * Goes through the first stages once, and makes the checkpoints that embedding runs would leave.
 *
 * @param {string} folder
 * @param {{ input: string, model: string }} files
 * @param {Options} options
 */
async function embed(folder, files, { sequencesPerFile, seed }) {
  say('sequences, and embeddings for them');
  const context = await contextOf(join(folder, 'first'), { ...files, sequencesPerFile });
  for (const stage of /** @type {const} */ (['chunk', 'frames'])) await timeStage(stage, context);
  const made = await fakeEmbeddings(context, seed, join(folder, 'embeddings'));
  rmSync(context.directory, { recursive: true });
  return { sequences: made.sequences, parts: made.files.nucleotide.length, embeddings: made.files };
}

/**
 * @typedef {object} Place
 * @property {string} folder
 * @property {{ input: string, model: string }} files
 * @property {Embeddings} embeddings
 */

/**
 * One round: every stage by us, and then by Python; threads and process are warm.
 *
 * @param {Place} place
 * @param {Options} options
 * @param {JsonLinesProcess | undefined} reference
 * @returns {Promise<Round>}
 */
async function measure({ folder, files, embeddings }, { sequencesPerFile }, reference) {
  await timeStage('chunk', await contextOf(join(folder, 'warm'), { ...files, sequencesPerFile }));
  const context = await contextOf(join(folder, 'ours'), { ...files, sequencesPerFile });
  /** @type {Record<Stage, object>} */
  const requests = {
    chunk: { input: files.input, length: 500 },
    frames: {},
    split: { sequencesPerFile },
    merge: embeddings,
    classify: { model: files.model },
    consensus: { input: files.input },
  };
  /** @type {Round} */
  const round = { ours: {}, python: {} };
  for (const stage of STAGES) {
    if (stage === 'merge') placeEmbeddings(context, embeddings);
    round.ours[stage] = await timeStage(stage, context);
  }
  if (reference === undefined) return round;
  for (const stage of STAGES) {
    /** @type {{ seconds: number }} */
    const reply = await reference.request({ op: stage, folder: join(folder, 'python'), ...requests[stage] });
    round.python[stage] = reply.seconds;
  }
  return round;
}

/**
 * @param {Place} place
 * @param {JsonLinesProcess} reference
 * @returns {Promise<Comparison>}
 */
function compare({ folder }, reference) {
  return reference.request({ op: 'compare', folder: join(folder, 'python'), ours: join(folder, 'ours'), stem: STEM });
}

/** @param {readonly string[]} lines */
function print(lines) {
  process.stdout.write(`${lines.join('\n')}\n`);
}
