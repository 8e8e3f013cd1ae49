// The workflow predictVirus alone: its activities do what a test says.
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowFailedError, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FailureType } from '../../src/contract/failure-types.ts';
import {
  QUERY_PROGRESS,
  runWorkflowId,
  SIGNAL_PAUSE,
  SIGNAL_RESUME,
  WORKFLOW_EMBEDDING_RUN,
  WORKFLOW_PREDICT_VIRUS,
} from '../../src/contract/names.ts';
import type {
  MergeEmbeddingsInput,
  PredictionOutcome,
  PredictionProgress,
  PredictVirusInput,
} from '../../src/contract/prediction.ts';
import type { EmbeddingRunInput } from '../../src/contract/run-request.ts';
import { workflowBundlePath } from '../../src/platform/workflow-bundle.ts';
import {
  fail,
  runOutcome,
  scripted,
  scriptedActivities,
  untilCancelled,
  type PredictionScript,
  type ScriptedPrediction,
} from '../support/scripted-stages.ts';
import { startTemporal, type Temporal } from '../support/temporal.ts';

const QUEUE = 'scripted';

let temporal: Temporal;
let worker: Worker;
let serving: Promise<void>;

beforeAll(async () => {
  temporal = await startTemporal();
  worker = await Worker.create({
    connection: temporal.connection,
    taskQueue: QUEUE,
    workflowBundle: { codePath: workflowBundlePath() },
    activities: scriptedActivities(),
    maxHeartbeatThrottleInterval: '50 milliseconds',
    defaultHeartbeatThrottleInterval: '50 milliseconds',
  });
  serving = worker.run();
});

afterAll(async () => {
  worker?.shutdown();
  await serving;
  await temporal?.stop();
});

let started = 0;

interface Started {
  prediction: ScriptedPrediction;
  handle: WorkflowHandleWithFirstExecutionRunId;
  result: Promise<PredictionOutcome>;
}

/** Taken at once: tests beside each other never share one. */
function nextId(): string {
  return `prediction-${++started}`;
}

async function start(
  script: PredictionScript,
  input: Partial<PredictVirusInput> = {},
  workflowId = nextId(),
): Promise<Started> {
  const prediction = scripted(workflowId, script);
  const args = [{ ...prediction.input, ...input }];
  const handle = await temporal.client.workflow.start(WORKFLOW_PREDICT_VIRUS, { workflowId, taskQueue: QUEUE, args });
  const result = handle.result() as Promise<PredictionOutcome>;
  result.catch(() => {});
  return { prediction, handle, result };
}

/** The failure that ended a prediction, and the outcome that it tells. */
async function failureOf({
  result,
}: Started): Promise<{ type: string | null | undefined; outcome: PredictionOutcome }> {
  const error = await result.then(
    (value) => expect.fail(`it completed: ${JSON.stringify(value)}`),
    (reason: unknown) => reason as WorkflowFailedError,
  );
  expect(error.cause).toBeInstanceOf(ApplicationFailure);
  const { type, details, message } = error.cause as ApplicationFailure;
  const [outcome] = details as [PredictionOutcome];
  expect(message).toBe(outcome.message);
  return { type, outcome };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

function progressOf({ handle }: Started): Promise<PredictionProgress> {
  return handle.query<PredictionProgress>(QUERY_PROGRESS);
}

/** Calls about one input or side, in their order. */
function callsOf({ calls }: ScriptedPrediction, about: string): string[] {
  return calls.filter((call) => call.endsWith(` ${about}`)).map((call) => call.slice(0, -about.length - 1));
}

const STAGES = [
  ...['chunkSequences', 'translateFrames', 'splitSequences'],
  ...['mergeEmbeddings', 'classifySequences', 'callConsensus'],
];

/** Both sides of an input block in this activity until they are cancelled. */
function blockedSides(activity: string): Record<string, () => unknown> {
  return { [`${activity} s0_nucleotide`]: untilCancelled, [`${activity} s0_protein`]: untilCancelled };
}

describe.concurrent('predictVirus: stages', () => {
  it('two inputs → every stage of each in order, two embedding runs side by side, counted at the end', async () => {
    const one = await start({ inputs: 2 });
    expect(await one.result).toMatchObject({ outcome: 'success', exitCode: 0 });
    const { prediction } = one;
    for (const index of [0, 1]) {
      expect(callsOf(prediction, String(index))).toEqual(STAGES);
      for (const side of ['nucleotide', 'protein']) {
        expect(callsOf(prediction, `s${index}_${side}`)).toEqual(['checkCompatibility', 'planRun', 'finishRun']);
      }
    }
    expect(prediction.finished).toMatchObject({ partial: false, embedding: { tasks: 4, embedded: 4, rows: 28 } });
    expect(prediction.finished?.failure).toBeUndefined();
    expect(await progressOf(one)).toMatchObject({ phase: 'done', inputs: 2, done: 2, open: [] });
  });

  it('an embedding run → its side of the request, under the id of its folder', async () => {
    const { prediction, result } = await start({});
    await result;
    const { directory, runId, inputs } = prediction.side(0, 'protein');
    const history = await temporal.client.workflow.getHandle(runWorkflowId(runId)).fetchHistory();
    const payload = history.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
    const input = JSON.parse(Buffer.from(payload?.data ?? []).toString()) as EmbeddingRunInput;
    const { openInputs: _, inputsPerExecution: __, ...tuning } = prediction.checked().tuning;
    expect(input).toEqual({
      ...{ contract: 1, directory, runId, inputs, sequencesPerFile: 1000, tuning },
      ...{ onBadCheckpoint: 'fail', onBadSequence: 'skip', skipCheckpointValidation: false },
      embedders: [{ name: 'kmer', options: {}, taskQueue: 'gpu' }],
      alphabet: 'protein',
    });
  });

  it('no frame free of stops → nothing is split, embedded or merged', async () => {
    const { prediction, result } = await start({ sequences: 0 });
    expect(await result).toMatchObject({ outcome: 'success' });
    expect(callsOf(prediction, '0')).toEqual([
      ...['chunkSequences', 'translateFrames', 'classifySequences', 'callConsensus'],
    ]);
  });

  it('an embedding run with holes → merged with holes, partial', async () => {
    const holes = () => runOutcome({ outcome: 'partial', failed: 1, embedded: 0 });
    const { prediction, result } = await start({ on: { 'finishRun s0_protein': holes } });
    expect(await result).toMatchObject({ outcome: 'partial', exitCode: 2, embedding: { failed: 1, embedded: 1 } });
    expect(prediction.calls).toContain('mergeEmbeddings 0 with holes');
  });

  it('parts that were left out when merging → partial', async () => {
    const merged = { outcome: 'written', stem: 's0', merged: 0, rows: 0, missing: [], missingParts: 1 };
    const { result } = await start({ on: { 'mergeEmbeddings 0': () => merged } });
    expect(await result).toMatchObject({ outcome: 'partial' });
  });

  it('merging sets an embedding aside → embedded again, merged again; each counts once', async () => {
    let merged = 0;
    const result = { outcome: 'written', stem: 's0', merged: 1, rows: 7, missing: [], missingParts: 0 };
    const mergeOnce = () => (merged++ === 0 ? { ...result, merged: 0, rows: 0, setAside: 1 } : result);
    let ended = 0;
    const first = { tasks: 3, found: 2, embedded: 1, rows: 7 };
    const again = { ...first, found: 2, embedded: 1 };
    const finish = () => runOutcome(ended++ === 0 ? first : again);
    const one = await start({ on: { 'mergeEmbeddings 0': mergeOnce, 'finishRun s0_protein': finish } });
    expect(await one.result).toMatchObject({ outcome: 'success' });
    expect(callsOf(one.prediction, '0').slice(3)).toEqual([
      ...['mergeEmbeddings', 'mergeEmbeddings', 'classifySequences', 'callConsensus'],
    ]);
    expect(callsOf(one.prediction, 's0_protein')).toEqual([
      ...['checkCompatibility', 'planRun', 'finishRun', 'checkCompatibility', 'planRun', 'finishRun'],
    ]);
    expect(one.prediction.finished?.embedding).toMatchObject({ tasks: 3 + 1, found: 1, embedded: 2 + 1, rows: 7 + 7 });
  });

  it('merging sets an embedding aside time and again → asked to fail the fifth time', async () => {
    const asked: unknown[] = [];
    const result = { outcome: 'written', stem: 's0', merged: 0, rows: 0, missing: [], missingParts: 0, setAside: 1 };
    const merge = (input: unknown) => {
      asked.push((input as MergeEmbeddingsInput).embedAgain);
      return asked.length < 5 ? result : fail(FailureType.CheckpointCorrupted, 'damaged again')();
    };
    const { type, outcome } = await failureOf(await start({ on: { 'mergeEmbeddings 0': merge } }));
    expect({ type, message: outcome.message }).toEqual({
      type: FailureType.CheckpointCorrupted,
      message: 'damaged again',
    });
    expect(asked).toEqual([true, true, true, true, false]);
  });

  it('one input at a time → the second begins when the first has ended', async () => {
    const { prediction, result } = await start({ inputs: 2, tuning: { openInputs: 1 } });
    await result;
    const { calls } = prediction;
    expect(calls.indexOf('chunkSequences 1')).toBeGreaterThan(calls.indexOf('callConsensus 0 ended'));
  });

  it('progress while it embeds → the stage, and the ids of the embedding runs', async () => {
    const one = await start({ on: blockedSides('planRun') });
    await until(() => one.prediction.calls.includes('planRun s0_protein'));
    const [nucleotide, protein] = (['nucleotide', 'protein'] as const).map((side) =>
      runWorkflowId(one.prediction.side(0, side).runId),
    );
    expect(await progressOf(one)).toEqual({
      ...{ schema: 1, phase: 'predicting', paused: false, inputs: 1, done: 0 },
      open: [{ index: 0, stem: 's0', stage: 'embedding', sequences: 7, nucleotide, protein }],
      embedding: { tasks: 0, found: 0, embedded: 0, failed: 0, skipped: 0, skippedSequences: 0, rows: 0 },
    });
    await one.handle.cancel();
    await expect(one.result).rejects.toMatchObject({ cause: expect.any(CancelledFailure) as unknown });
  });
});

describe.concurrent('predictVirus: failures', () => {
  it.each([FailureType.CheckpointCorrupted, FailureType.CheckpointIncompatible, FailureType.RunInvalidInput])(
    '%s in a stage → the type unchanged; what was open is told to stop and waited for',
    async (type) => {
      const failing = async () => {
        await until(() => one.prediction.calls.includes('chunkSequences 1'));
        return fail(type, 'it says why')();
      };
      const on = { 'translateFrames 0': failing, 'chunkSequences 1': untilCancelled };
      const one = await start({ inputs: 2, on });
      const failure = await failureOf(one);
      const outcome = type === FailureType.RunInvalidInput ? 'failed' : 'checkpoint';
      expect(failure).toMatchObject({ type, outcome: { outcome, failureType: type, message: 'it says why' } });
      const { calls, finished } = one.prediction;
      expect(calls.indexOf('chunkSequences 1 ended')).toBeLessThan(calls.indexOf('finishPrediction'));
      expect(finished?.failure).toEqual({ type, message: 'it says why' });
    },
  );

  it('a side that stops on a checkpoint → the other side ends first, the type unchanged, offenders with their folder', async () => {
    const offenders = [{ path: 'output_1_FAKE.pt', reason: 'corrupted: file is 0 bytes' }];
    const stopped = runOutcome({ failureType: FailureType.CheckpointCorrupted, message: 'bad', offenders, found: 3 });
    const on = { 'finishRun s0_nucleotide': () => stopped, 'planRun s0_protein': untilCancelled };
    const one = await start({ on });
    const { type, outcome } = await failureOf(one);
    expect(type).toBe(FailureType.CheckpointCorrupted);
    expect(outcome).toMatchObject({
      ...{ outcome: 'checkpoint', exitCode: 3, message: 'the nucleotide embedding of s0: bad' },
      offenders: [{ path: 's0_nucleotide/output_1_FAKE.pt', reason: 'corrupted: file is 0 bytes' }],
      embedding: { found: 3 },
    });
    const { calls } = one.prediction;
    expect(calls.indexOf('finishRun s0_protein ended')).toBeGreaterThan(0);
    expect(calls.indexOf('finishRun s0_protein ended')).toBeLessThan(calls.indexOf('finishPrediction'));
    expect(calls).not.toContain('mergeEmbeddings 0');
  });

  it.each([
    ['cancelled', 'cancel'],
    ['terminated', 'terminate'],
  ] as const)('an embedding run that is %s from outside → failed, says which', async (_, end) => {
    const one = await start({ on: blockedSides('planRun') });
    await until(() => one.prediction.calls.includes('planRun s0_protein'));
    await temporal.client.workflow.getHandle(runWorkflowId(one.prediction.side(0, 'protein').runId))[end]();
    const { type, outcome } = await failureOf(one);
    expect({ type, outcome: outcome.outcome }).toEqual({ type: FailureType.EmbeddingEmbedder, outcome: 'failed' });
    expect(outcome.message).toMatch(/^the protein embedding of s0 ended early: .*; start again to go on$/u);
    expect(one.prediction.calls).toContain('finishRun s0_nucleotide ended');
  });

  it('the end cannot be written → the first cause is told all the same', async () => {
    const finishPrediction = fail('NoSpace', 'no report');
    const on = { 'callConsensus 0': fail(FailureType.CheckpointIncompatible, 'why'), finishPrediction };
    const { type, outcome } = await failureOf(await start({ on }));
    expect(type).toBe(FailureType.CheckpointIncompatible);
    expect(outcome).toMatchObject({ outcome: 'checkpoint', message: 'why', report: '', inputs: 1, predicted: 0 });
    const alone = await failureOf(await start({ on: { finishPrediction } }));
    expect(alone).toMatchObject({
      type: 'NoSpace',
      outcome: { outcome: 'failed', message: 'no report', predicted: 1 },
    });
  });

  it('a message of 10,000 letters → 512 of them in the failure', async () => {
    const { outcome } = await failureOf(
      await start({
        on: {
          'chunkSequences 0': fail(FailureType.RunInvalidInput, 'x'.repeat(10_000)),
          finishPrediction: fail('NoSpace', 'no report'),
        },
      }),
    );
    expect(outcome.message).toHaveLength(512);
  });

  it('continued, as a client may write it → ignored', async () => {
    const continued = { next: 5, paused: true } as never;
    const { prediction, result } = await start({}, { continued });
    expect(await result).toMatchObject({ outcome: 'success' });
    expect(prediction.calls[0]).toBe('checkPrediction');
  });
});

describe.concurrent('predictVirus: an embedding run that is open under the id of a child', () => {
  async function occupied(script: PredictionScript = {}) {
    const id = nextId();
    const { directory, runId } = scripted(id, {}).side(0, 'protein');
    const owner = `owner-${id}`;
    const elsewhere = { contract: 1, directory: `/nowhere/${owner}`, runId };
    scripted(owner, { on: { [`checkCompatibility ${owner}`]: untilCancelled } });
    const other = await temporal.client.workflow.start(WORKFLOW_EMBEDDING_RUN, {
      ...{ workflowId: runWorkflowId(runId), taskQueue: QUEUE, args: [elsewhere] },
    });
    return { one: await start(script, {}, id), other, directory };
  }

  it('that ends meanwhile → waited for, then embedded', async () => {
    const { one, other } = await occupied();
    await until(() => one.prediction.calls.includes('planRun s0_nucleotide ended'));
    await other.cancel();
    expect(await one.result).toMatchObject({ outcome: 'success' });
  });

  it('that does not end → a failure that names it; the other side is ended first', async () => {
    const { one, other, directory } = await occupied({
      on: { 'planRun s0_nucleotide': untilCancelled },
      // It waits for two of them.
      tuning: { heartbeatTimeoutMs: 1000 },
    });
    const { type, outcome } = await failureOf(one);
    expect(type).toBe(FailureType.RunInvalidInput);
    expect(outcome.message).toContain(`is worked on by workflow ${other.workflowId}, which is open`);
    expect(outcome.message).toContain(`virnucpro cancel ${directory}`);
    expect(one.prediction.calls).toContain('finishRun s0_nucleotide ended');
    await other.terminate();
  });
});

describe.concurrent('predictVirus: pause, cancel, continue as new', () => {
  it('paused in a stage → the next one is held; resumed → goes on', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const chunks = { outcome: 'written', stem: 's0', contigs: 1, chunks: 3 };
    const one = await start({ on: { 'chunkSequences 0': () => gate.then(() => chunks) } });
    await until(() => one.prediction.calls.includes('chunkSequences 0'));
    await one.handle.signal(SIGNAL_PAUSE);
    release();
    await until(() => one.prediction.calls.includes('chunkSequences 0 ended'));
    expect(await progressOf(one)).toMatchObject({ paused: true, open: [{ stage: 'chunking' }] });
    await one.handle.signal(SIGNAL_RESUME);
    expect(await one.result).toMatchObject({ outcome: 'success' });
  });

  it('paused while it embeds → both embedding runs are paused, and resumed', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const planned = {
      plan: '0'.repeat(64),
      total: 0,
      found: 0,
      pending: 0,
      skipped: 0,
      bad: 0,
      ranges: [],
      message: '',
    };
    const held = () => gate.then(() => planned);
    const one = await start({ on: { 'planRun s0_nucleotide': held, 'planRun s0_protein': held } });
    await until(() =>
      ['planRun s0_nucleotide', 'planRun s0_protein'].every((call) => one.prediction.calls.includes(call)),
    );
    const arePaused = async (paused: boolean) => {
      const sides = (['nucleotide', 'protein'] as const).map((side) =>
        temporal.client.workflow
          .getHandle(runWorkflowId(one.prediction.side(0, side).runId))
          .query<PredictionProgress>(QUERY_PROGRESS),
      );
      return (await Promise.all(sides)).every((told) => told.paused === paused);
    };
    await one.handle.signal(SIGNAL_PAUSE);
    await until(() => arePaused(true));
    await one.handle.signal(SIGNAL_RESUME);
    await until(() => arePaused(false));
    release();
    expect(await one.result).toMatchObject({ outcome: 'success' });
  });

  it('cancelled while it embeds → both sides end first, then it tells of the cancellation', async () => {
    const one = await start({ inputs: 2, on: { ...blockedSides('planRun'), 'chunkSequences 1': untilCancelled } });
    await until(() => one.prediction.calls.includes('planRun s0_protein'));
    await one.handle.cancel();
    await expect(one.result).rejects.toMatchObject({ cause: expect.any(CancelledFailure) as unknown });
    const { calls, finished } = one.prediction;
    for (const ended of ['finishRun s0_nucleotide ended', 'finishRun s0_protein ended', 'chunkSequences 1 ended']) {
      expect(calls).toContain(ended);
      expect(calls.indexOf(ended)).toBeLessThan(calls.indexOf('finishPrediction'));
    }
    expect(finished).toMatchObject({ cancelled: true, request: '0'.repeat(64) });
  });

  it('cancelled as the last stage before it continues as new ends normally → cancelled', async () => {
    const consensus = async () => {
      await one.handle.cancel();
      return { outcome: 'written', stem: 's0', chunks: 3, viralChunks: 1, contigs: 1, viralContigs: 0 };
    };
    const tuning = { inputsPerExecution: 1, openInputs: 1 };
    const one = await start({ inputs: 2, tuning, on: { 'callConsensus 0': consensus } });
    await expect(one.result).rejects.toMatchObject({ cause: expect.any(CancelledFailure) as unknown });
    expect(one.prediction.finished).toMatchObject({ cancelled: true });
    expect(one.prediction.calls).not.toContain('chunkSequences 1');
  });

  it('cancelled while it is paused → ends', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const one = await start({ on: { checkPrediction: () => gate.then(() => one.prediction.checked()) } });
    await one.handle.signal(SIGNAL_PAUSE);
    release();
    await until(() => one.prediction.calls.includes('checkPrediction ended'));
    await one.handle.cancel();
    await expect(one.result).rejects.toMatchObject({ cause: expect.any(CancelledFailure) as unknown });
    expect(one.prediction.calls).not.toContain('chunkSequences 0');
  });

  it('three inputs, each in an execution of its own → counts, pause and the beginning are carried over', async () => {
    const holes = () => runOutcome({ outcome: 'partial', failed: 1, embedded: 0 });
    const tuning = { inputsPerExecution: 1, openInputs: 1 };
    const one = await start({ inputs: 3, tuning, on: { 'finishRun s0_protein': holes } });
    await one.result;
    const { workflowId, firstExecutionRunId } = one.handle;
    const first = await temporal.client.workflow.getHandle(workflowId, firstExecutionRunId).describe();
    const last = await temporal.client.workflow.getHandle(workflowId).describe();
    expect(last.runId).not.toBe(first.runId);
    expect(await one.result).toMatchObject({ outcome: 'partial', embedding: { tasks: 6, embedded: 5, failed: 1 } });
    const { calls, finished } = one.prediction;
    expect(calls.filter((call) => call === 'checkPrediction')).toHaveLength(1);
    for (const index of [0, 1, 2]) expect(calls).toContain(`callConsensus ${index}`);
    expect(Date.parse(finished?.startedAt ?? '')).toBe(first.startTime.getTime());
    expect(await progressOf(one)).toMatchObject({ phase: 'done', inputs: 3, done: 3 });
  });
});
