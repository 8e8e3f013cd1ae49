import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { connectClient, connectionSettings, fetchRunHistories, startRun } from '../../dist/client/index.js';
import { freePorts } from '../../dist/server/free-ports.js';
import { createWorkers } from '../../dist/worker/index.js';
import { findTemporal } from '../../src/server/bootstrap/find-temporal.mjs';
import { say } from './console.mjs';
import { neutralHistory } from './neutral-history.mjs';
import { ROOT } from './run.mjs';

/**
 * @typedef {import('../../dist/client/index.js').RunHandle} RunHandle
 * @typedef {import('../../dist/client/index.js').RunOptions} RunOptions
 * @typedef {import('../../dist/client/index.js').WorkflowHistory} WorkflowHistory
 * @typedef {import('@temporalio/client').Client} Client
 */

const HOST = '127.0.0.1';
const HISTORIES = join(ROOT, 'test', 'replay', 'histories');
/** Takes the place of the folder in which the runs were recorded. */
const NEUTRAL_FOLDER = '/data';
const FILES = 4;

/** Two partitions side by side, of two tasks each. */
const TUNING = { partitionSize: 2, maxInFlight: 2, openPartitions: 2, heartbeatTimeoutMs: 5000 };

/**
 * What is recorded: name of the outcome → how the run is made and steered. A recipe returns the run whose histories are kept.
 *
 * @type {Readonly<Record<string, (scene: Scene) => Promise<RunHandle>>>}
 */
const RECIPES = {
  success: (scene) => scene.finish(scene.start({})),
  partial: (scene) => scene.finish(scene.start({ options: { failOn: 'file1_0' } })),
  checkpoint: async (scene) => {
    await scene.finish(scene.start({}));
    await truncate(join(scene.directory, 'file1_FAKE.pt'), 100);
    return scene.finish(scene.start({}));
  },
  failed: async (scene) => {
    await writeFile(join(scene.inputs, 'file9.fa'), 'no FASTA\n');
    return scene.finish(scene.start({}));
  },
  cancelled: async (scene) => {
    const run = await scene.start({ options: { delayMs: '3000' } });
    await scene.until(run, ({ runningTasks }) => runningTasks > 1);
    await run.cancel();
    return scene.finish(run);
  },
  paused: async (scene) => {
    const run = await scene.start({ options: { delayMs: '1000' }, tuning: { maxInFlight: 1, openPartitions: 1 } });
    await scene.until(run, ({ runningTasks }) => runningTasks > 0);
    await run.pause();
    await scene.until(run, ({ paused, runningTasks }) => paused && runningTasks === 0);
    await run.resume();
    return scene.finish(run);
  },
  continued: (scene) => scene.finish(scene.start({ tuning: { partitionsPerExecution: 1 } })),
};

/** Records every recipe and writes the histories, without what belongs to this machine. */
export async function recordHistories() {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const server = await startServer();
  try {
    const settings = connectionSettings({ address: server.address });
    const client = await connectClient(settings);
    const connection = await NativeConnection.connect(settings.connectionOptions);
    const workers = await createWorkers({ ...settings, connection, embedders: ['fake'], log: () => {} });
    const running = workers.run();
    try {
      for (const [outcome, recipe] of Object.entries(RECIPES)) await record(client, outcome, recipe);
    } finally {
      workers.shutdown();
      await running;
      await connection.close();
      await client.connection.close();
    }
  } finally {
    await server.stop();
  }
}

/**
 * @param {Client} client
 * @param {string} outcome
 * @param {(scene: Scene) => Promise<RunHandle>} recipe
 */
async function record(client, outcome, recipe) {
  const folder = await mkdtemp(join(tmpdir(), 'virnucpro-histories-'));
  try {
    const run = await recipe(await Scene.set(client, folder));
    /** @type {WorkflowHistory[]} */
    const found = [];
    for await (const history of fetchRunHistories(client, run.workflowId, 'all')) found.push(history);
    const roots = found.filter(({ workflowId }) => workflowId === run.workflowId).toReversed();
    const partitions = found.filter(({ workflowId }) => workflowId !== run.workflowId);
    await writeAll(`${outcome}-root`, roots, folder);
    await writeAll(`${outcome}-partition`, partitions, folder);
    say(`${outcome}: ${roots.length} executions of the run, ${partitions.length} partitions`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} name
 * @param {readonly WorkflowHistory[]} histories
 * @param {string} folder in which they were recorded
 */
async function writeAll(name, histories, folder) {
  /** @type {{ version: string }} */
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  /** @param {string} text */
  const neutralize = (text) =>
    text
      .replaceAll(folder, NEUTRAL_FOLDER)
      .replaceAll(`${process.pid}@${hostname()}`, 'worker')
      .replaceAll(hostname(), 'host')
      .replaceAll(ROOT, '/virnucpro/');
  await mkdir(HISTORIES, { recursive: true });
  for (const [index, { history }] of histories.entries()) {
    const number = histories.length > 1 ? `-${index + 1}` : '';
    const neutral = neutralHistory(JSON.parse(historyToJSON(history)), neutralize);
    await writeFile(join(HISTORIES, `${name}${number}-v${version}.json`), `${JSON.stringify(neutral, undefined, 1)}\n`);
  }
}

/** A run folder with inputs, on a stage of its own. */
class Scene {
  /**
   * @param {Client} client
   * @param {string} folder
   */
  static async set(client, folder) {
    const scene = new Scene(client, folder);
    await mkdir(scene.inputs);
    for (let file = 0; file < FILES; file++) {
      await writeFile(join(scene.inputs, `file${file}.fa`), `>file${file}_0\nACGTACGTAC\n>file${file}_1\nTTGACCATGA\n`);
    }
    return scene;
  }

  /**
   * @private
   * @param {Client} client
   * @param {string} folder
   */
  constructor(client, folder) {
    this.client = client;
    this.inputs = join(folder, 'in');
    this.directory = join(folder, 'run');
  }

  /** @param {{ options?: Record<string, string>, tuning?: RunOptions['tuning'] }} settings */
  start({ options = {}, tuning = {} }) {
    return startRun(this.client, {
      directory: this.directory,
      inputs: [this.inputs],
      embedders: [{ name: 'fake', options }],
      tuning: { ...TUNING, ...tuning },
    });
  }

  /** @param {Promise<RunHandle> | RunHandle} started */
  async finish(started) {
    const run = await started;
    const { outcome, message } = await run.result();
    say(`  ${run.workflowId}: ${outcome}: ${message}`);
    return run;
  }

  /**
   * @param {RunHandle} run
   * @param {(status: import('../../dist/client/index.js').RunStatus) => boolean} condition
   */
  async until(run, condition) {
    while (!condition(await run.status())) await sleep(50);
  }
}

/** @returns {Promise<{ address: string, stop: () => Promise<void> }>} a server whose data live in memory */
async function startServer() {
  const { path } = await findTemporal({ log: say });
  const [port] = await freePorts(HOST, 1);
  const listen = ['--ip', HOST, '--port', String(port), '--headless', '--log-level', 'error'];
  const fairness = ['--dynamic-config-value', 'matching.enableFairness=true'];
  const child = spawn(path, ['server', 'start-dev', ...listen, ...fairness], { stdio: 'ignore' });
  const address = `${HOST}:${port}`;
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  };
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the Temporal server ended with ${child.exitCode}`);
    try {
      await (await connectClient(connectionSettings({ address }))).connection.close();
      return { address, stop };
    } catch {
      await sleep(100);
    }
  }
}
