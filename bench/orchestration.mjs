#!/usr/bin/env node
// `npm run bench:orchestration`: what a run costs per file of one record, beside a bare workflow on the same server.
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startRun } from '../dist/client/index.js';
import { ensureLocalServer } from '../dist/server/index.js';
import { createWorkers } from '../dist/worker/index.js';

const FILES = Number(process.env['BENCH_FILES'] ?? 500);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
const IN_FLIGHT = 32;
const GOAL = 1.6;
const BARE_QUEUE = 'bench-bare';

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
    await inputs(path.join(folder, 'in'));
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
 * @param {NativeConnection} connection
 * @param {string} namespace
 */
async function bareWorker(connection, namespace) {
  const workflowsPath = fileURLToPath(new URL('./lib/bare-workflow.mjs', import.meta.url));
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  const activities = { noop: async () => {} };
  return Worker.create({ connection, namespace, taskQueue: BARE_QUEUE, workflowBundle, activities });
}

/** @param {string} target */
async function inputs(target) {
  await mkdir(target);
  for (let n = 0; n < FILES; n++) {
    await writeFile(
      path.join(target, `s${String(n).padStart(6, '0')}.fa`),
      `>r${n}\n${'ACGT'.repeat(10)}${'AC'.repeat(n % 50)}\n`,
    );
  }
}

/**
 * Alternating, so that a machine that gets slower or faster does so for both.
 *
 * @param {Client} client
 */
async function measure(client) {
  const ratios = [];
  await bareRun(client);
  for (let round = 1; round <= ROUNDS; round++) {
    const bare = await timed(() => bareRun(client));
    const ours = await timed(() => embeddingRun(client, round));
    ratios.push(ours.ms / bare.ms);
    console.log(
      `round ${round}: bare ${perItem(bare)}; embeddingRun ${perItem(ours)}; ratio ${(ours.ms / bare.ms).toFixed(2)}`,
    );
  }
  const median = ratios.toSorted((a, b) => a - b)[Math.floor(ratios.length / 2)] ?? NaN;
  console.log(
    `${FILES} files of one record, ${IN_FLIGHT} in flight: median ratio ${median.toFixed(2)} (goal ≤ ${GOAL})`,
  );
}

/** @param {{ ms: number, workerCpuMs: number, serverCpuMs: number }} cost */
function perItem({ ms, workerCpuMs, serverCpuMs }) {
  const each = (/** @type {number} */ total) => (total / FILES).toFixed(1);
  return `${each(ms)} ms per item (CPU: worker ${each(workerCpuMs)}, server ${each(serverCpuMs)})`;
}

/** @param {Client} client */
async function bareRun(client) {
  await client.workflow.execute('bareFanOut', {
    workflowId: `bare-${randomUUID()}`,
    taskQueue: BARE_QUEUE,
    args: [FILES, IN_FLIGHT],
  });
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
  const cpu = process.cpuUsage();
  const serverCpu = await readServerCpuMs();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return {
    ms: performance.now() - start,
    workerCpuMs: (user + system) / 1000,
    serverCpuMs: (await readServerCpuMs()) - serverCpu,
  };
}

/** utime and stime of the server, in ticks of 10 ms (proc(5), fields 14 and 15 of /proc/pid/stat). */
async function readServerCpuMs() {
  const stat = await readFile(`/proc/${server.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
}
