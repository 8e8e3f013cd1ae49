import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createActivities, ResidentEmbedders } from '../../dist/activities/index.js';
import {
  connectClient,
  connectionSettings,
  fetchRunHistories,
  PredictionHandle,
  startPrediction,
  startRun,
} from '../../dist/client/index.js';
import { runWorkflowId, WORKFLOW_EMBEDDING_RUN } from '../../dist/contract/names.js';
import { freePorts } from '../../dist/server/free-ports.js';
import { createWorkers } from '../../dist/worker/index.js';
import { findTemporal } from '../../src/server/bootstrap/find-temporal.mjs';
import { say } from './console.mjs';
import { neutralHistory } from './neutral-history.mjs';
import { ROOT } from './run.mjs';

/**
 * @typedef {import('../../dist/client/index.js').RunHandle} RunHandle
 * @typedef {import('../../dist/client/index.js').PredictionOptions} PredictionOptions
 * @typedef {import('../../dist/client/index.js').RunOptions} RunOptions
 * @typedef {import('../../dist/client/index.js').WorkflowHistory} WorkflowHistory
 * @typedef {import('@temporalio/client').Client} Client
 */

const HOST = '127.0.0.1';
const HISTORIES = join(ROOT, 'test', 'replay', 'histories');
/** The example of docs/changing-workflows.md: workflows, and what they recorded. */
const EXAMPLE = join(ROOT, 'test', 'replay', 'changing-workflows');
const EXAMPLE_CODES = ['before', 'patched', 'deprecated'];
/** Queue on which the rows of every task are lost once, and those of the first one always. */
const LOSSY_QUEUE = 'lossy';
/** Takes the place of the folder in which the runs were recorded. */
const NEUTRAL_FOLDER = '/data';
const FILES = 4;
const GENOMES = ['genome0', 'genome1'];
/** Without T: six frames free of stops. */
const CONTIGS = ['ACGGACCAGGCACGAACCGGCA', 'GGACACCGAGCAACGGCACCAG'];
const SEQUENCES = ['ACGTACGTAC', 'TTGACCATGA'];

/** Two partitions side by side, of two tasks each. */
const TUNING = { partitionSize: 2, maxInFlight: 2, openPartitions: 2, heartbeatTimeoutMs: 5000 };

/**
 * What is recorded: name of the outcome → how the run is made and steered. A recipe returns the run whose histories are kept.
 *
 * @type {Readonly<Record<string, (scene: Scene) => Promise<RunHandle | PredictionHandle>>>}
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
  terminated: async (scene) => {
    const run = await scene.start({ options: { delayMs: '1000' } });
    await scene.until(run, ({ runningTasks }) => runningTasks > 1);
    await scene.client.workflow.getHandle(run.workflowId).terminate('recorded');
    return scene.finish(run);
  },
  restarted: async (scene) => {
    const run = await scene.start({ options: { delayMs: '1000' } });
    await scene.until(run, ({ runningTasks }) => runningTasks > 1);
    await scene.client.workflow.getHandle(run.workflowId).terminate('recorded');
    return scene.finish(scene.start({ options: { delayMs: '1000' } }));
  },
  complete: async (scene) => {
    await scene.finish(scene.start({}));
    return scene.finish(scene.start({}));
  },
  conflict: async (scene) => {
    const run = await scene.start({ options: { delayMs: '1500' }, tuning: { openPartitions: 1 } });
    await scene.until(run, isEmbedding);
    await writeFile(join(scene.directory, 'file1_FAKE.pt'), await scene.foreignCheckpoint());
    return scene.finish(run);
  },
  boundary: async (scene) => {
    await scene.write('file0', 30);
    for (let file = FILES; file < 9; file++) await scene.write(`file${file}`, 2);
    return scene.finish(scene.start({ options: { delayMs: '100' }, tuning: { maxInFlight: 1 } }));
  },
  staggered: async (scene) => {
    for (let file = FILES; file < 14; file++) await scene.write(`file${file}`, 1);
    return scene.finish(scene.start({ tuning: { partitionSize: 4, partitionsPerExecution: 3 } }));
  },
  embedders: (scene) => scene.finish(scene.start({ embedders: [{ name: 'fake' }, { name: 'kmer' }] })),
  lossy: (scene) => scene.finish(scene.start({ taskQueue: LOSSY_QUEUE })),
  told: (scene) =>
    scene.finish(scene.start({ options: { delayMs: '2000' }, tuning: { partitionSize: 4, maxInFlight: 1 } })),
  drained: async (scene) => {
    const run = await scene.drain();
    await run.resume();
    return scene.finish(run);
  },
  stopped: async (scene) => {
    const run = await scene.drain();
    await run.cancel();
    return scene.finish(run);
  },
  predicted: (scene) => scene.finish(scene.predict({})),
  frameless: (scene) => scene.finish(scene.predict({ contigs: ['TAACTAACTAACTAGTTAGTTAG'] })),
  holed: (scene) => scene.finish(scene.predict({ options: { failOn: 'genome0_1_chunk_1F1' } })),
  refused: async (scene) => {
    await scene.finish(scene.predict({}));
    await truncate(join(scene.directory, 'genome0_nucleotide', 'output_1_FAKE.pt'), 100);
    await rm(join(scene.directory, 'genome0_protein', 'output_1_FAKE.pt'));
    return scene.finish(scene.predict({ options: { delayMs: '1000' } }));
  },
  halted: async (scene) => {
    const prediction = await scene.predict({ options: { delayMs: '1000' } });
    await scene.until(prediction, ({ runningTasks }) => runningTasks > 1);
    await prediction.cancel();
    return scene.finish(prediction);
  },
  mended: async (scene) => {
    await scene.finish(scene.predict({}));
    await flipBit(join(scene.directory, 'genome0_nucleotide', 'output_1_FAKE.pt'));
    return scene.finish(scene.predict({ onBadCheckpoint: 'recompute' }));
  },
  relayed: (scene) => scene.finish(scene.predict({ tuning: { inputsPerExecution: 1, openInputs: 1 } })),
  held: async (scene) => {
    const prediction = await scene.predict({ options: { delayMs: '300' }, tuning: { openInputs: 1 } });
    await scene.until(prediction, ({ runningTasks }) => runningTasks > 1);
    await prediction.pause();
    await scene.until(prediction, ({ paused, runningTasks }) => paused && runningTasks === 0);
    await prediction.resume();
    return scene.finish(prediction);
  },
  occupied: async (scene) => {
    await scene.finish(scene.predict({}));
    const manifest = join(scene.directory, 'genome0_protein', 'run.json');
    const workflowId = runWorkflowId(JSON.parse(await readFile(manifest, 'utf8')).runId);
    const other = await scene.client.workflow.start(WORKFLOW_EMBEDDING_RUN, { workflowId, taskQueue: 'nobody' });
    const prediction = await scene.predict({ tuning: { openInputs: 1 } });
    await scene.until(prediction, async () => (await eventTypes(scene.client, prediction)).has(REFUSED_CHILD));
    await other.terminate('recorded');
    return scene.finish(prediction);
  },
};

/** Of an event: a child was not started, because another workflow has its id. */
const REFUSED_CHILD = 'startChildWorkflowExecutionFailedEventAttributes';

/**
 * @param {Client} client
 * @param {PredictionHandle} prediction
 */
async function eventTypes(client, { workflowId }) {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  return new Set(events?.flatMap((event) => Object.keys(event)));
}

/**
 * Damages a value: only reading every byte shows it.
 *
 * @param {string} file
 */
async function flipBit(file) {
  const bytes = await readFile(file);
  const middle = bytes.length >> 1;
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  await writeFile(file, bytes);
}

/** @param {import('../../dist/client/index.js').RunStatus} status */
function isEmbedding({ phase, runningTasks }) {
  return phase === 'embedding' && runningTasks > 0;
}

/**
 * Records what has no history of this version yet and writes it, without what belongs to this machine. What is there stays:
 * remove the files of a recipe, before its version is released, to record it anew.
 */
export async function recordHistories() {
  const recorded = await readdir(HISTORIES);
  const version = await packageVersion();
  const recipes = Object.entries(RECIPES).filter(
    ([outcome]) => !recorded.some((name) => name.startsWith(`${outcome}-root`) && name.endsWith(`-v${version}.json`)),
  );
  const isExampleMissing = (await readdir(join(EXAMPLE, 'histories'))).length < EXAMPLE_CODES.length;
  if (recipes.length === 0 && !isExampleMissing) {
    say(`every history of version ${version} is recorded`);
    return;
  }
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const server = await startServer();
  try {
    const settings = connectionSettings({ address: server.address });
    const client = await connectClient(settings);
    const connection = await NativeConnection.connect(settings.connectionOptions);
    const common = { ...settings, connection, embedders: ['fake', 'kmer'], log: () => {} };
    const all = [await createWorkers(common), await createWorkers({ ...common, ...lossy(settings) })];
    const running = Promise.all(all.map((workers) => workers.run()));
    try {
      for (const [outcome, recipe] of recipes) await record(client, outcome, recipe);
      if (isExampleMissing) for (const code of EXAMPLE_CODES) await recordExample(client, connection, code);
    } finally {
      for (const workers of all) workers.shutdown();
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
 * @param {(scene: Scene) => Promise<RunHandle | PredictionHandle>} recipe
 */
async function record(client, outcome, recipe) {
  const folder = await mkdtemp(join(tmpdir(), 'virnucpro-histories-'));
  try {
    const run = await recipe(await Scene.set(client, folder));
    /** @type {WorkflowHistory[]} */
    const found = [];
    for await (const history of fetchRunHistories(client, run.workflowId, 'all')) found.push(history);
    const roots = found.filter(({ workflowId }) => workflowId === run.workflowId).toReversed();
    // What a prediction's embedding runs record, those of the other recipes do.
    const children =
      run instanceof PredictionHandle ? [] : found.filter(({ workflowId }) => workflowId !== run.workflowId);
    await writeAll(`${outcome}-root`, roots, folder);
    await writeAll(`${outcome}-partition`, children, folder);
    say(`${outcome}: ${roots.length} executions of the root, ${children.length} partitions`);
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
  const version = await packageVersion();
  for (const [index, { history }] of histories.entries()) {
    const number = histories.length > 1 ? `-${index + 1}` : '';
    await writeHistory(join(HISTORIES, `${name}${number}-v${version}.json`), history, folder);
  }
}

/**
 * @param {string} file
 * @param {WorkflowHistory['history']} history
 * @param {string} folder in which it was recorded
 */
async function writeHistory(file, history, folder) {
  /** @param {string} text */
  const neutralize = (text) =>
    text
      .replaceAll(folder, NEUTRAL_FOLDER)
      .replaceAll(`${process.pid}@${hostname()}`, 'worker')
      .replaceAll(hostname(), 'host')
      .replaceAll(ROOT, '/virnucpro/');
  const neutral = neutralHistory(JSON.parse(historyToJSON(history)), neutralize);
  await writeFile(file, `${JSON.stringify(neutral, undefined, 1)}\n`);
}

/** @returns {Promise<string>} */
async function packageVersion() {
  return JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')).version;
}

/**
 * Runs the workflow of the example with activities that do nothing.
 *
 * @param {Client} client
 * @param {NativeConnection} connection
 * @param {string} code
 */
async function recordExample(client, connection, code) {
  const taskQueue = `example-${code}`;
  const rows = { spool: '.virnucpro/spool/0', segments: [], rows: 1, dim: 16 };
  const saved = { outcome: 'published', path: 'a_FAKE.pt', sha256: '0'.repeat(64), bytes: 1, rows: 1, dim: 16 };
  const activities = {
    embedFile: async () => rows,
    saveCheckpoint: async () => saved,
    validateCheckpoint: async () => ({ path: `${NEUTRAL_FOLDER}/run/a_FAKE.pt` }),
  };
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowsPath: join(EXAMPLE, `${code}.ts`),
    activities,
  });
  const run = { directory: `${NEUTRAL_FOLDER}/run`, runId: '86b16b7b-4668-4faa-93f7-ab05e3ab2a18' };
  const args = [{ contract: 1, run, plan: '0'.repeat(64), index: 0 }];
  await worker.runUntil(client.workflow.execute('embedOne', { workflowId: taskQueue, taskQueue, args }));
  const history = await client.workflow.getHandle(taskQueue).fetchHistory();
  await writeHistory(join(EXAMPLE, 'histories', `${code}.json`), history, EXAMPLE);
  say(`example ${code}: recorded`);
}

/**
 * Workers whose `saveCheckpoint` finds no rows: of the first task never, of the others only at the second try. That of the
 * last one fails twice more, as on a share that is away for a moment.
 *
 * @param {import('../../dist/client/index.js').ConnectionSettings} server
 */
function lossy({ address, namespace }) {
  const activities = createActivities({ embedders: new ResidentEmbedders(), server: { address, namespace } });
  /** @type {Map<number, number>} */
  const calls = new Map();
  /** @type {typeof activities.saveCheckpoint} */
  const saveCheckpoint = async (input) => {
    const call = (calls.get(input.index) ?? 0) + 1;
    calls.set(input.index, call);
    if (input.index === 0 || call === 1)
      throw ApplicationFailure.retryable('rows are missing', 'RunError.SpoolIncomplete');
    if (input.index === FILES - 1 && call <= 3)
      throw ApplicationFailure.retryable('EIO', 'CheckpointError.Unavailable');
    return activities.saveCheckpoint(input);
  };
  const workerOptions = { activities: { ...activities, saveCheckpoint } };
  return { role: /** @type {const} */ ('io'), taskQueue: LOSSY_QUEUE, workerOptions };
}

/** A run folder with inputs, on a stage of its own. */
class Scene {
  /**
   * @param {Client} client
   * @param {string} folder
   */
  static async set(client, folder) {
    const scene = new Scene(client, folder);
    await mkdir(scene.inputs, { recursive: true });
    for (let file = 0; file < FILES; file++) await scene.write(`file${file}`, 2);
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

  /**
   * @param {string} name
   * @param {number} records
   */
  async write(name, records) {
    const lines = Array.from({ length: records }, (_, at) => `>${name}_${at}\n${SEQUENCES[at % SEQUENCES.length]}\n`);
    await writeFile(join(this.inputs, `${name}.fa`), lines.join(''));
  }

  /**
   * @param {{
   *   options?: Record<string, string>,
   *   tuning?: RunOptions['tuning'],
   *   embedders?: RunOptions['embedders'],
   *   taskQueue?: string,
   * }} settings
   */
  start({ options = {}, tuning = {}, embedders = [{ name: 'fake', options }], taskQueue }) {
    const request = { directory: this.directory, inputs: [this.inputs], embedders, tuning: { ...TUNING, ...tuning } };
    return startRun(this.client, request, taskQueue === undefined ? {} : { taskQueue });
  }

  /**
   * @param {{
   *   options?: Record<string, string>,
   *   tuning?: PredictionOptions['tuning'],
   *   contigs?: readonly string[],
   *   onBadCheckpoint?: PredictionOptions['onBadCheckpoint'],
   * }} settings options of both embedders
   */
  async predict({ options = {}, tuning = {}, contigs = CONTIGS, onBadCheckpoint = 'fail' }) {
    const genomes = join(this.inputs, '..', 'genomes');
    const model = join(genomes, '20_model.safetensors');
    await mkdir(genomes, { recursive: true });
    await writeFile(model, flatClassifier());
    for (const genome of GENOMES) {
      const records = contigs.map((contig, at) => `>${genome}_${at}\n${contig}\n`);
      await writeFile(join(genomes, `${genome}.fa`), records.join(''));
    }
    const fake = (/** @type {number} */ dim) => ({ name: 'fake', options: { dim: String(dim), ...options } });
    return startPrediction(this.client, {
      directory: this.directory,
      inputs: [genomes],
      model,
      expectedLength: 20,
      onBadCheckpoint,
      nucleotideEmbedder: fake(768),
      proteinEmbedder: fake(2560),
      tuning: { ...TUNING, ...tuning },
    });
  }

  /** @returns {Promise<Buffer>} a sound checkpoint under the name of one of this run, with the ids of another */
  async foreignCheckpoint() {
    const scene = await Scene.set(this.client, join(this.inputs, '..', 'other'));
    await scene.write('file1', 5);
    await scene.finish(scene.start({}));
    return readFile(join(scene.directory, 'file1_FAKE.pt'));
  }

  /** Pauses in the middle of a partition and waits until nothing runs. */
  async drain() {
    const run = await this.start({ options: { delayMs: '1000' }, tuning: { partitionSize: 3, maxInFlight: 1 } });
    await this.until(run, isEmbedding);
    await run.pause();
    await this.until(run, ({ paused, runningTasks }) => paused && runningTasks === 0);
    return run;
  }

  /**
   * @template {RunHandle | PredictionHandle} Handle
   * @param {Promise<Handle> | Handle} started
   */
  async finish(started) {
    const run = await started;
    const { outcome, message } = await run.result();
    say(`  ${run.workflowId}: ${outcome}: ${message}`);
    return run;
  }

  /**
   * @template Status
   * @param {{ status: () => Promise<Status> }} run
   * @param {(status: Status) => boolean | Promise<boolean>} condition
   */
  async until(run, condition) {
    while (!(await condition(await run.status()))) await sleep(50);
  }
}

/** Shapes of VirNucPro's classifier. */
const CLASSIFIER = {
  'hidden_layer.weight': [512, 3328],
  'hidden_layer.bias': [512],
  'bn1.weight': [512],
  'bn1.bias': [512],
  'bn1.running_mean': [512],
  'bn1.running_var': [512],
  'output_layer.weight': [2, 512],
  'output_layer.bias': [2],
};

/** A classifier whose weights are all 0, as safetensors: what it finds does not matter here. */
function flatClassifier() {
  /** @type {Record<string, object>} */
  const header = {};
  let end = 0;
  for (const [name, shape] of Object.entries(CLASSIFIER)) {
    const start = end;
    end += 4 * shape.reduce((size, length) => size * length, 1);
    header[name] = { dtype: 'F32', shape, data_offsets: [start, end] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(end)]);
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
