// A Node process that does with checkpoints what it is asked, timed: one JSON request a line, one JSON reply a line.
import { closeSync, openSync, readSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { validateCheckpoint, writeCheckpoint } from '../../dist/checkpoint/index.js';

/**
 * @typedef {{ op: 'validate', path: string, level: 'structure' | 'deep' }} Validate
 * @typedef {{ op: 'save', path: string, kind: import('./subjects.mjs').Kind, rows: number, dim: number }} Save
 * @typedef {{ op: 'plainCrc', path: string }} PlainCrc
 * @typedef {(Validate | Save | PlainCrc) & { watched?: boolean }} Request
 * @typedef {{ seconds: number, maxRssBytes: number, loopDelayMs?: number }} Reply
 */

/** Of the event loop monitor. What it reports includes this interval. */
const RESOLUTION_MS = 10;
const READ_BYTES = 1 << 20;

/** @type {(request: Request) => Promise<Reply>} */
async function answer(request) {
  const work = prepare(request);
  const measured = request.watched ? await watch(work) : { seconds: await timed(work) };
  if (request.op === 'save') await unlink(request.path);
  return { ...measured, maxRssBytes: process.resourceUsage().maxRSS * 1024 };
}

/**
 * @param {Request} request
 * @returns {() => Promise<void>}
 */
function prepare(request) {
  if (request.op === 'validate') return () => validate(request);
  if (request.op === 'plainCrc') return async () => void plainCrc(request.path);
  const content = contentOf(request);
  return async () => {
    const { outcome } = await writeCheckpoint(request.path, content);
    if (outcome !== 'published') throw new Error(`${request.path} was there before`);
  };
}

/** @param {Validate} request */
async function validate({ path, level }) {
  const { result, reason, integrity } = await validateCheckpoint(path, { level });
  const expected = level === 'deep' ? 'verified' : level;
  if (result !== 'valid' || integrity !== expected) throw new Error(`${path}: ${reason ?? `integrity ${integrity}`}`);
}

/** Reads and sums the same bytes with as little else as Node can. */
function plainCrc(/** @type {string} */ path) {
  const file = openSync(path, 'r');
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  let crc = 0;
  for (let count = readSync(file, buffer); count > 0; count = readSync(file, buffer)) {
    crc = crc32(count === READ_BYTES ? buffer : buffer.subarray(0, count), crc);
  }
  closeSync(file);
  return crc;
}

/** @type {ReturnType<typeof makeContent> | undefined} */
let content;

/** @param {Save} request */
function contentOf(request) {
  content ??= makeContent(request);
  return content;
}

/**
 * Values in a SharedArrayBuffer, which are not copied to the thread that writes them.
 *
 * @param {Save} request
 */
function makeContent({ kind, rows, dim }) {
  const values = new Float32Array(new SharedArrayBuffer(4 * rows * dim));
  let state = 1;
  for (let index = 0; index < values.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    values[index] = state / 2 ** 31;
  }
  return { kind, ids: Array.from({ length: rows }, (_, row) => `sequence_${row}_chunk_1F1`), rows: values, dim };
}

/** @param {() => Promise<void>} work */
async function timed(work) {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** @param {() => Promise<void>} work */
async function watch(work) {
  const monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  monitor.enable();
  // It measures from one tick of its timer to the next: there must be one before the work, and one after it.
  await delay(3 * RESOLUTION_MS);
  const seconds = await timed(work);
  await delay(3 * RESOLUTION_MS);
  monitor.disable();
  return { seconds, loopDelayMs: monitor.max / 1e6 };
}

for await (const line of createInterface({ input: process.stdin })) {
  const reply = await answer(JSON.parse(line)).catch((error) => ({ error: String(error) }));
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
