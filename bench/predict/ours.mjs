import { linkSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { writeCheckpoint } from '../../dist/checkpoint/index.js';
import {
  callConsensus,
  checkPredictionRequest,
  classifySequences,
  cutChunks,
  mergeEmbeddings,
  splitSequences,
  translateFrames,
} from '../../dist/prediction/index.js';
import { pathsOf } from '../../dist/prediction/paths.js';
import { readFasta } from '../../dist/sequences/index.js';
import { randomNumbers } from './random.mjs';

/** @typedef {import('../../dist/prediction/index.js').StageContext} StageContext */

const RUN_ID = '00000000-0000-4000-8000-000000000000';

/**
 * What the stages of a prediction of one file start from, in a new folder.
 *
 * @param {string} directory
 * @param {{ input: string, model: string, sequencesPerFile: number }} files
 * @returns {Promise<StageContext>}
 */
export async function contextOf(directory, { input, model, sequencesPerFile }) {
  mkdirSync(directory, { recursive: true });
  const { signal } = new AbortController();
  const { request } = await checkPredictionRequest(
    { contract: 1, directory, inputs: [input], model, expectedLength: 500, sequencesPerFile },
    { schema: 1, runId: RUN_ID, createdAt: '', embedders: {}, inputs: {} },
    signal,
  );
  const [first] = request.inputs;
  if (first === undefined) throw new Error(`${input} was not taken for an input`);
  return { directory, request, input: first, signal };
}

/** The stages without the embedding, by name, in their order. */
export const STAGES = /** @type {const} */ (['chunk', 'frames', 'split', 'merge', 'classify', 'consensus']);

/** @typedef {(typeof STAGES)[number]} Stage */

/**
 * Does a stage.
 *
 * @param {Stage} stage
 * @param {StageContext} context
 * @returns {Promise<number>} seconds
 */
export async function timeStage(stage, context) {
  const begun = performance.now();
  await run(stage, context);
  return (performance.now() - begun) / 1000;
}

/**
 * @param {Stage} stage
 * @param {StageContext} context
 */
async function run(stage, context) {
  switch (stage) {
    case 'chunk':
      return cutChunks(context);
    case 'frames':
      return translateFrames(context);
    case 'split':
      return splitSequences(context);
    case 'merge':
      return mergeEmbeddings(context, { allowMissing: false });
    case 'classify':
      return classifySequences(context);
    case 'consensus':
      return callConsensus(context);
  }
}

/**
 * Splits, and makes checkpoints of random values for every split file, of the kinds that DNABERT-S and ESM-2 3B give.
 *
 * @param {StageContext} context whose frames are translated
 * @param {number} seed
 * @param {string} folder
 * @returns {Promise<{ sequences: number, files: Record<'nucleotide' | 'protein', string[]> }>}
 */
export async function fakeEmbeddings(context, seed, folder) {
  mkdirSync(folder, { recursive: true });
  const { parts } = await splitSequences(context);
  const paths = pathsOf(context.request, context.input);
  const random = randomNumbers(seed);
  /** @type {Record<'nucleotide' | 'protein', string[]>} */
  const files = { nucleotide: [], protein: [] };
  let sequences = 0;
  for (let part = 1; part <= parts; part++) {
    const ids = [];
    for await (const { id } of readFasta(join(context.directory, paths.split('nucleotide', part)))) ids.push(id);
    for (const side of /** @type {const} */ (['nucleotide', 'protein'])) {
      const { kind, dim } = context.request[side];
      const rows = Float32Array.from({ length: ids.length * dim }, () => 2 * random() - 1);
      const file = join(folder, basename(paths.checkpoint(side, part)));
      await writeCheckpoint(file, { kind, ids, rows, dim });
      files[side].push(file);
    }
    sequences += ids.length;
  }
  return { sequences, files };
}

/**
 * Puts embeddings where an embedding run leaves them.
 *
 * @param {StageContext} context whose sequences are split
 * @param {Record<'nucleotide' | 'protein', string[]>} files
 */
export function placeEmbeddings({ directory, request, input }, files) {
  const paths = pathsOf(request, input);
  for (const side of /** @type {const} */ (['nucleotide', 'protein'])) {
    for (const [index, file] of files[side].entries())
      linkSync(file, join(directory, paths.checkpoint(side, index + 1)));
  }
}
