#!/usr/bin/env node
// `npm run bench:orchestration`: what a run costs per file of one record, beside a bare workflow on the same server.
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startRun } from '../dist/client/index.js';
import { ensureLocalServer } from '../dist/server/index.js';
import { createWorkers } from '../dist/worker/index.js';
import { bareRun, bareWorker } from './lib/bare.mjs';
import { makeOneRecordFiles } from './lib/one-record-files.mjs';
import { cpuSince } from './lib/process-usage.mjs';
import { median } from './lib/statistics.mjs';

const FILES = Number(process.env['BENCH_FILES'] ?? 500);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
const IN_FLIGHT = 32;
const GOAL = 1.6;

Runtime.install({ logger: new DefaultLogger('WARN') });
const folder = await mkdtemp(path.join(tmpdir(), 'virnucpro-bench-'));
process.env['XDG_STATE_HOME'] = folder;
const server = await ensureLocalServer({ runId12: randomUUID().replaceAll('-', '').slice(0, 12), log: console.error });
try {
  await compare(server);
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

/** @param {import('../dist/server/index.js').LocalServer} server */
async function compare({ address, namespace, pid }) {
  const connection = await NativeConnection.connect({ address });
  const client = new Client({ connection: await Connection.connect({ address }), namespace });
  const ours = await createWorkers({
    connection,
    namespace,
    address,
    localServerPid: pid,
    embedders: ['fake'],
  });
  const bare = await bareWorker(connection, namespace);
  const running = Promise.all([ours.run(), bare.run()]);
  try {
    makeOneRecordFiles(path.join(folder, 'in'), FILES);
    await measure(client);
  } finally {
    ours.shutdown();
    bare.shutdown();
    await running;
    await client.connection.close();
    await connection.close();
  }
}

/**
 * Alternating, so that a machine that gets slower or faster does so for both; after a run of each, since compiling the code
 * costs as much as hundreds of files.
 *
 * @param {Client} client
 */
async function measure(client) {
  const ratios = [];
  await bareRun(client, FILES, IN_FLIGHT);
  await embeddingRun(client, 0);
  for (let round = 1; round <= ROUNDS; round++) {
    const bare = await timed(() => bareRun(client, FILES, IN_FLIGHT));
    const ours = await timed(() => embeddingRun(client, round));
    ratios.push(ours.ms / bare.ms);
    console.log(
      `round ${round}: bare ${perItem(bare)}; embeddingRun ${perItem(ours)}; ratio ${(ours.ms / bare.ms).toFixed(2)}`,
    );
  }
  console.log(
    `${FILES} files of one record, ${IN_FLIGHT} in flight: median ratio ${median(ratios).toFixed(2)} (goal ≤ ${GOAL})`,
  );
}

/** @param {{ ms: number, workerCpuMs: number, serverCpuMs: number }} cost */
function perItem({ ms, workerCpuMs, serverCpuMs }) {
  const each = (/** @type {number} */ total) => (total / FILES).toFixed(1);
  return `${each(ms)} ms per item (CPU: worker ${each(workerCpuMs)}, server ${each(serverCpuMs)})`;
}

/**
 * @param {Client} client
 * @param {number} round
 */
async function embeddingRun(client, round) {
  const run = await startRun(client, {
    directory: path.join(folder, `out${round}`),
    inputs: [path.join(folder, 'in')],
    embedders: [{ name: 'fake' }],
  });
  const outcome = await run.result();
  if (outcome.outcome !== 'success' || outcome.embedded !== FILES) throw new Error(JSON.stringify(outcome));
}

/**
 * @param {() => Promise<void>} work
 * @returns {Promise<{ ms: number, workerCpuMs: number, serverCpuMs: number }>}
 */
async function timed(work) {
  const start = performance.now();
  const cpu = await cpuSince({ worker: process.pid, server: server.pid });
  await work();
  const ms = performance.now() - start;
  const { worker = NaN, server: serverMs = NaN } = await cpu();
  return { ms, workerCpuMs: worker, serverCpuMs: serverMs };
}
