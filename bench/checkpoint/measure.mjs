import { stat } from 'node:fs/promises';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { JsonLinesProcess } from '../lib/json-lines-process.mjs';
import { sample } from '../lib/statistics.mjs';

/**
 * Seconds; see each side's process for what they span.
 *
 * @typedef {object} Round
 * @property {number} torchLoad zipfile.is_zipfile and torch.load
 * @property {number} structure
 * @property {number} deep
 * @property {number} plainCrc read and zlib.crc32
 * @property {number} [torchSave] torch.save alone
 * @property {number} [save] writeCheckpoint: fsyncs and deep validation included
 */

/**
 * What one operation does to a process that does nothing else.
 *
 * @typedef {{ maxRssBytes: number, loopDelayMs: number }} Footprint
 */

/**
 * @typedef {object} Figures
 * @property {import('./subjects.mjs').Subject} subject with the number of rows that were measured
 * @property {number} bytes
 * @property {Round[]} rounds
 * @property {{ structure: Footprint, deep: Footprint, save?: Footprint }} footprints
 * @property {number} torchMaxRssBytes of a process that only loads
 */

/** @typedef {import('./subjects.mjs').Subject} Subject */
/** @typedef {import('./ours.mjs').Request} Request */
/** @typedef {import('./ours.mjs').Reply} Reply */

const OURS = fileURLToPath(new URL('./ours.mjs', import.meta.url));
const TORCH = fileURLToPath(new URL('./torch_reference.py', import.meta.url));
/** Node compiles a function that has run often; torch is warm when it has loaded once. */
const WARM_UP_ROUNDS = 3;

/**
 * @param {Subject} subject
 * @param {string} path of a file that torch saved
 * @param {{ python: string, rounds: number, log: (line: string) => void }} options
 * @returns {Promise<Figures>}
 */
export async function measureSubject(subject, path, { python, rounds, log }) {
  const footprints = await measureFootprints(subject, path);
  const torch = new JsonLinesProcess(python, [TORCH]);
  const ours = new JsonLinesProcess(process.execPath, [OURS]);
  try {
    /** @type {Reply} */
    const { maxRssBytes } = await torch.request({ op: 'load', path });
    for (let n = 0; n < WARM_UP_ROUNDS; n++) for (const work of ourWork(subject, path)) await ours.request(work);
    /** @type {Round[]} */
    const measured = [];
    for (let n = 1; n <= rounds; n++) {
      measured.push(await measureRound(subject, path, { torch, ours }));
      log(`${subject.name}: round ${n} of ${rounds}`);
    }
    return { subject, bytes: (await stat(path)).size, rounds: measured, footprints, torchMaxRssBytes: maxRssBytes };
  } finally {
    await Promise.all([torch.end(), ours.end()]);
  }
}

/**
 * The two sides in turns, so that a machine that gets slower or faster does so for both.
 *
 * @param {Subject} subject
 * @param {string} path
 * @param {{ torch: JsonLinesProcess, ours: JsonLinesProcess }} processes
 * @returns {Promise<Round>}
 */
async function measureRound(subject, path, { torch, ours }) {
  /** @type {(side: JsonLinesProcess, request: object) => Promise<number>} */
  const time = (side, request) => sample(async () => (await side.request(request)).seconds);
  const round = {
    torchLoad: await time(torch, { op: 'load', path }),
    structure: await time(ours, validation(path, 'structure')),
    deep: await time(ours, validation(path, 'deep')),
    plainCrc: await time(ours, { op: 'plainCrc', path }),
  };
  if (subject.goals.save === undefined) return round;
  const torchSave = await time(torch, { op: 'save', path, to: `${path}.torch` });
  return { ...round, torchSave, save: await time(ours, saving(subject, path)) };
}

/**
 * @param {Subject} subject
 * @param {string} path
 * @returns {Promise<Figures['footprints']>}
 */
async function measureFootprints(subject, path) {
  const structure = await measureFootprint(validation(path, 'structure'));
  const deep = await measureFootprint(validation(path, 'deep'));
  if (subject.goals.save === undefined) return { structure, deep };
  return { structure, deep, save: await measureFootprint(saving(subject, path)) };
}

/** @param {Request} request */
async function measureFootprint(request) {
  const fresh = new JsonLinesProcess(process.execPath, [OURS]);
  try {
    /** @type {Reply} */
    const { maxRssBytes, loopDelayMs = NaN } = await fresh.request({ ...request, watched: true });
    return { maxRssBytes, loopDelayMs };
  } finally {
    await fresh.end();
  }
}

/**
 * @param {Subject} subject
 * @param {string} path
 * @returns {Request[]}
 */
function ourWork(subject, path) {
  const validations = [validation(path, 'structure'), validation(path, 'deep')];
  return subject.goals.save === undefined ? validations : [...validations, saving(subject, path)];
}

/**
 * @param {string} path
 * @param {'structure' | 'deep'} level
 * @returns {Request}
 */
function validation(path, level) {
  return { op: 'validate', path, level };
}

/**
 * @param {Subject} subject
 * @param {string} path
 * @returns {Request}
 */
function saving({ kind, rows, dim, suffix }, path) {
  return { op: 'save', path: `${path}.ours${suffix}`, kind, rows, dim };
}
