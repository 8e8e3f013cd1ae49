// predictVirus as it is shipped: its workers, its stages, files on disk; vectors come from the fake embedder.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPrediction, type PredictionOptions } from '../../src/client/index.ts';
import { FailureType } from '../../src/contract/failure-types.ts';
import { IO_TASK_QUEUE, WORKFLOW_PREDICT_VIRUS } from '../../src/contract/names.ts';
import type { PredictionOutcome } from '../../src/contract/prediction.ts';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { createWorkers, type VirnucproWorkers } from '../../src/worker/index.ts';
import { writeRandomClassifier } from '../support/classifier-model.ts';
import { leftovers, logLines, sequence } from '../support/run-folder.ts';
import { startTemporal, type Temporal } from '../support/temporal.ts';

/** Tests of this file run side by side, each in a folder of its own in here. */
let scratch: string;
let temporal: Temporal;
let workers: VirnucproWorkers;
let serving: Promise<void>;

beforeAll(async () => {
  scratch = fs.mkdtempSync(join(tmpdir(), 'virnucpro-predictions-'));
  temporal = await startTemporal();
  const { connection, server } = temporal;
  workers = await createWorkers({ connection, namespace: 'default', address: server.address, log: () => {} });
  serving = workers.run();
});

afterAll(async () => {
  workers?.shutdown();
  await serving;
  await temporal?.stop();
  fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});

/** For tests side by side, each of which waits for the others. */
const TOGETHER_MS = 600_000;

/** Contigs of 700 letters without T: each of the two chunks has six frames free of stops. */
const CONTIGS = 3;
const FRAMES = CONTIGS * 2 * 6;

interface Place {
  out: string;
  /** One line for each sequence that was embedded. */
  log: string;
  options: PredictionOptions;
  path(...names: string[]): string;
}

let places = 0;

/** A folder with a classifier and genomes `s00.fa`, `s01.fa`, …; two split files for each side of a genome. */
function place(
  genomes: number,
  fake: Record<string, string> = {},
  { name = `place-${++places}`, heartbeatTimeoutMs = 15_000 } = {},
): Place {
  const folder = join(scratch, name);
  fs.mkdirSync(folder);
  const path = (...names: string[]) => join(folder, ...names);
  fs.mkdirSync(path('in'));
  for (let at = 0; at < genomes; at++) {
    const contigs = Array.from({ length: CONTIGS }, (_, contig) => {
      return `>c${at}_${contig}\n${sequence(10 * at + contig, 700).replaceAll('T', 'C')}\n`;
    });
    fs.writeFileSync(path('in', `s0${at}.fa`), contigs.join(''));
  }
  const model = path('500_model.pth');
  writeRandomClassifier(model, { seed: 1 });
  const log = path('fake.log');
  const embedder = (dim: number) => ({ name: 'fake', options: { dim: String(dim), log, ...fake } });
  const options: PredictionOptions = {
    ...{ directory: path('out'), inputs: [path('in')], model, sequencesPerFile: 20 },
    ...{ nucleotideEmbedder: embedder(768), proteinEmbedder: embedder(2560) },
    tuning: { heartbeatTimeoutMs },
  };
  return { out: path('out'), log, options, path };
}

async function predict({ options }: Place, more: Partial<PredictionOptions> = {}): Promise<PredictionOutcome> {
  return (await startPrediction(temporal.client, { ...options, ...more })).result();
}

/** Results of a genome, as they stand on disk. */
function resultsOf({ out }: Place, genome: string): Record<string, string> {
  const folder = join(out, `${genome}_merged`);
  const texts = fs.readdirSync(folder).filter((name) => /^prediction_results.*\.(?:txt|csv|tsv)$/u.test(name));
  return Object.fromEntries(texts.map((name) => [name, fs.readFileSync(join(folder, name), 'utf8')]));
}

function rowsOf(text = ''): number {
  return text.split('\n').filter(Boolean).length - 1;
}

/** When files were written last, by name. */
function timesOf(directory: string): Record<string, number> {
  const names = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' });
  const lasting = names.filter((name) => /\.(?:pt|fa|faa|txt|csv|tsv)$/u.test(name) && !name.includes('output_'));
  return Object.fromEntries(lasting.map((name) => [name, fs.statSync(join(directory, name)).mtimeMs]));
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

function reportOf({ out }: Place): PredictionOutcome {
  return JSON.parse(fs.readFileSync(join(out, 'report.json'), 'utf8')) as PredictionOutcome;
}

describe.concurrent('predictVirus on files', { timeout: TOGETHER_MS }, () => {
  it('two genomes → every file; again, each in an execution of its own → all found, nothing embedded or written', async () => {
    const at = place(2);
    const tasks = 2 * 2 * 2;
    expect(await predict(at)).toMatchObject({
      ...{ outcome: 'success', inputs: 2, predicted: 2, contigs: 2 * CONTIGS, chunks: 4 * CONTIGS },
      ...{ sequences: 2 * FRAMES, embedding: { tasks, embedded: tasks, rows: 4 * FRAMES } },
    });
    const results = resultsOf(at, 's01');
    expect(Object.entries(results).map(([name, text]) => [name, rowsOf(text)])).toEqual([
      ['prediction_results.txt', FRAMES],
      ['prediction_results_contigs.tsv', CONTIGS],
      ['prediction_results_highestscore.csv', 2 * CONTIGS],
    ]);
    expect(fs.readdirSync(join(at.out, 's01_nucleotide'))).not.toContain('output_1.fa');
    const times = timesOf(at.out);
    const tuning = { inputsPerExecution: 1, openInputs: 1 };
    const again = await predict(at, { tuning });
    expect(again).toMatchObject({ outcome: 'success', embedding: { tasks, found: tasks, embedded: 0 } });
    expect(timesOf(at.out)).toEqual(times);
    expect(logLines(at.log)).toHaveLength(4 * FRAMES);
    expect(leftovers(at.out)).toEqual([]);
    expect(fs.existsSync(join(at.out, '.virnucpro', 'owner.json'))).toBe(false);
  });

  it('a damaged checkpoint → exit code 3, typed; skipped → partial; made again → success, the same results', async () => {
    const at = place(1);
    await predict(at);
    const results = resultsOf(at, 's00');
    fs.truncateSync(join(at.out, 's00_protein', 'output_2_FAKE.pt'), 100);
    const path = 's00_protein/output_2_FAKE.pt';
    expect(await predict(at)).toMatchObject({
      ...{ outcome: 'checkpoint', exitCode: 3, failureType: FailureType.CheckpointCorrupted },
      offenders: [{ path, reason: expect.stringContaining('corrupted') as string }],
    });
    expect(reportOf(at)).toMatchObject({ outcome: 'checkpoint' });
    expect(await predict(at, { onBadCheckpoint: 'skip' })).toMatchObject({ outcome: 'partial', exitCode: 2 });
    expect(await predict(at, { onBadCheckpoint: 'recompute' })).toMatchObject({ outcome: 'success', exitCode: 0 });
    expect(resultsOf(at, 's00')).toEqual(results);
  });

  it('a flipped bit that only reading every byte shows → exit code 3 naming it; made again → success in one start', async () => {
    const at = place(1);
    await predict(at);
    const results = resultsOf(at, 's00');
    const path = 's00_nucleotide/output_2_FAKE.pt';
    const file = join(at.out, path);
    const bytes = fs.readFileSync(file);
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    fs.writeFileSync(file, bytes);
    const embedded = logLines(at.log).length;
    expect(await predict(at)).toMatchObject({
      ...{ outcome: 'checkpoint', exitCode: 3, failureType: FailureType.CheckpointCorrupted },
      offenders: [{ path, reason: expect.stringContaining('CRC') as string }],
    });
    expect(logLines(at.log)).toHaveLength(embedded);
    expect(await predict(at, { onBadCheckpoint: 'recompute' })).toMatchObject({
      ...{ outcome: 'success', exitCode: 0, embedding: { tasks: 4, found: 3, embedded: 1, rows: 2 * FRAMES } },
    });
    expect(logLines(at.log)).toHaveLength(embedded + (FRAMES - 20));
    expect(resultsOf(at, 's00')).toEqual(results);
  });

  it('cancelled while it embeds, after a pause → told so and reported; started again → goes on from the durable rows', async () => {
    const at = place(1, { delayMs: '700' });
    const options: PredictionOptions = { ...at.options, batchSize: 1 };
    const prediction = await startPrediction(temporal.client, options);
    await until(() => logLines(at.log).length >= 4);
    await prediction.pause();
    await until(async () => (await prediction.status()).paused);
    await prediction.cancel();
    expect(await prediction.result()).toMatchObject({ outcome: 'cancelled', exitCode: 130 });
    expect(reportOf(at)).toMatchObject({ outcome: 'cancelled' });
    const embedded = logLines(at.log).length;
    expect(embedded).toBeLessThan(2 * FRAMES);
    const { nucleotideEmbedder, proteinEmbedder } = place(1, { log: at.log }).options;
    const quick = { ...options, nucleotideEmbedder: nucleotideEmbedder!, proteinEmbedder: proteinEmbedder! };
    expect(await predict({ ...at, options: quick })).toMatchObject({ outcome: 'success', sequences: FRAMES });
    // At most the batch that each of four tasks had in hand.
    expect(logLines(at.log).length).toBeLessThanOrEqual(2 * FRAMES + 4);
    expect(leftovers(at.out)).toEqual([]);
  });

  it('a second prediction for the folder, under another id → refused, naming the first, which goes on', async () => {
    const at = place(1, { delayMs: '30' });
    const first = await startPrediction(temporal.client, at.options);
    await until(() => logLines(at.log).length > 0);
    const second = await failureOf({ contract: 1, ...at.options });
    expect(second.type).toBe(FailureType.RunInvalidInput);
    expect(second.message).toContain(`belongs to workflow ${first.workflowId}`);
    expect(await first.result()).toMatchObject({ outcome: 'success' });
    expect(reportOf(at)).toMatchObject({ outcome: 'success' });
  });
});

let raw = 0;

/** Starts `predictVirus` as a client in another language would, with an input that cannot be. */
async function failureOf(...args: unknown[]): Promise<ApplicationFailure> {
  const workflowId = `raw-${++raw}`;
  const options = { workflowId, taskQueue: IO_TASK_QUEUE, args };
  const error = await temporal.client.workflow.execute(WORKFLOW_PREDICT_VIRUS, options).then(
    (value) => expect.fail(`it completed: ${JSON.stringify(value)}`),
    (reason: unknown) => reason as WorkflowFailedError,
  );
  expect(error.cause).toBeInstanceOf(ApplicationFailure);
  return error.cause as ApplicationFailure;
}

describe.concurrent('predictVirus: requests that cannot be', { timeout: TOGETHER_MS }, () => {
  it.each<[string, unknown[]]>([
    ['no argument', []],
    ['null', [null]],
    ['a number', [7]],
    ['a list', [[]]],
    ['no field', [{}]],
    ['another contract', [{ contract: 2, directory: '/tmp/x', inputs: ['/x.fa'], model: '/m.pth' }]],
    ['a relative folder', [{ contract: 1, directory: 'x', inputs: ['/x.fa'], model: '/m.pth' }]],
    ['odd types', [{ contract: 1, directory: {}, runId: 5, tuning: 'fast', continued: [] }]],
  ])('%s → RunError.InvalidInput, with an outcome', async (_, args) => {
    const { type, details, message } = await failureOf(...args);
    expect([type, message]).toEqual([FailureType.RunInvalidInput, expect.stringContaining('input of predictVirus')]);
    expect(details?.[0]).toMatchObject({ schema: 1, outcome: 'failed', exitCode: 1, inputs: 0, report: '' });
  });

  it.each<[string, (at: Place) => object, string, RegExp]>([
    ['no classifier', ({ path }) => ({ model: path('gone.pth') }), FailureType.RunInvalidInput, /gone\.pth/u],
    ['no input', ({ path }) => ({ inputs: [path('gone.fa')] }), FailureType.RunInvalidInput, /gone\.fa/u],
    [
      'embedders of other widths',
      () => ({ proteinEmbedder: { name: 'fake' } }),
      FailureType.RunInvalidInput,
      /768 \+ 16 values/u,
    ],
  ])('%s → a typed failure that says which, and a report', async (_, change, type, says) => {
    const at = place(1);
    const failure = await failureOf({ contract: 1, ...at.options, ...change(at) });
    expect([failure.type, failure.message]).toEqual([type, expect.stringMatching(says)]);
    expect(reportOf(at)).toMatchObject({ failureType: type });
  });
});

/** Activities after whose work nothing is heard of a worker any more, in groups: each is a prediction. */
const DEATHS: readonly (readonly string[])[] = [
  ['checkPrediction', 'checkCompatibility', 'mergeEmbeddings', 'finishPrediction'],
  ['chunkSequences', 'splitSequences', 'embedFile', 'classifySequences'],
  ['translateFrames', 'planRun', 'saveCheckpoint', 'callConsensus'],
];

/** Takes the first attempt of an activity in a folder `dies-N` from its worker, if it is of that group. */
function dying(deaths: Set<string>): ActivityInterceptorsFactory {
  return ({ info, cancelled }) => ({
    inbound: {
      execute: async (input, next) => {
        const result = await next(input);
        const group = /\/dies-(?<group>\d)\//u.exec(JSON.stringify(input.args[0]))?.groups?.['group'] ?? '';
        const death = `${group} ${info.activityType}`;
        if (DEATHS[Number(group)]?.includes(info.activityType) !== true || deaths.has(death)) return result;
        deaths.add(death);
        return cancelled;
      },
    },
  });
}

describe.concurrent(
  'predictVirus: workers that die after their work, before anybody is told',
  { timeout: TOGETHER_MS },
  () => {
    const deaths = new Set<string>();
    let mortal: VirnucproWorkers;
    let running: Promise<void>;

    beforeAll(async () => {
      const { connection, server } = temporal;
      const gpuTaskQueues = { fake: 'mortal-gpu' };
      const common = { connection, namespace: 'default', address: server.address, log: () => {}, embedders: ['fake'] };
      const workerOptions = { interceptors: { activity: [dying(deaths)] } };
      mortal = await createWorkers({ ...common, taskQueue: 'mortal', gpuTaskQueues, workerOptions });
      running = mortal.run();
    });
    afterAll(async () => {
      mortal.shutdown();
      await running;
    });

    it.each(DEATHS.map((group, at) => [group.join(', '), at] as const))(
      'in %s → found there, nothing twice',
      async (activities, group) => {
        const at = place(1, {}, { name: `dies-${group}`, heartbeatTimeoutMs: 5000 });
        const { nucleotideEmbedder, proteinEmbedder } = at.options;
        const queue = { taskQueue: 'mortal-gpu' };
        const options: PredictionOptions = {
          ...at.options,
          nucleotideEmbedder: { ...nucleotideEmbedder!, ...queue },
          proteinEmbedder: { ...proteinEmbedder!, ...queue },
        };
        const prediction = await startPrediction(temporal.client, options, { taskQueue: 'mortal' });
        expect(await prediction.result()).toMatchObject({ outcome: 'success', predicted: 1, sequences: FRAMES });
        for (const activity of activities.split(', ')) expect(deaths).toContain(`${group} ${activity}`);
        expect(logLines(at.log)).toHaveLength(2 * FRAMES);
        expect(reportOf(at)).toMatchObject({ outcome: 'success' });
        expect(leftovers(at.out)).toEqual([]);
      },
    );
  },
);
