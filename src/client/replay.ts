import type { DataConverter } from '@temporalio/common';
import { loadDataConverter } from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { ReplayResult } from '@temporalio/worker';
import { access } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { decodePayload, decoding, workflowBundleFor } from '../converter/index.ts';
import type { WorkflowHistory } from './histories.ts';

/** What replaying one history showed. */
export interface ReplayVerdict {
  workflowId: string;
  runId: string;
  events: number;
  /** Where the code of this version decides otherwise than the history; absent if it decides the same. */
  divergence?: string;
  /** The first recorded event that the code does not lead to; there with `divergence`. */
  partsAt?: EventReference;
}

/** One event of a history, as Temporal's tools name it. */
export interface EventReference {
  id: number;
  /** `ActivityTaskScheduled`, … */
  type: string;
  /** Type of the activity, child workflow or signal that it is about. */
  about?: string;
}

export interface ReplayOptions {
  /** Path of another bundle of workflow code. @default the one of this package */
  workflowBundlePath?: string;
  /** The one that the clients and workers of the run had; converters of its own have to be in another bundle, too. */
  dataConverter?: DataConverter;
}

type Event = NonNullable<WorkflowHistory['history']['events']>[number];

/**
 * Runs the workflow code of this version against recorded histories. Nothing is executed: activities are answered from
 * the history. Needs no server.
 *
 * ```ts
 * for await (const { workflowId, divergence } of replayHistories([await readHistoryFile('run.json')])) {
 *   console.log(workflowId, divergence ?? 'same decisions');
 * }
 * ```
 *
 * @throws the errno error if the workflow bundle is missing; VirnucproError `RunError.InvalidInput` if a history is encoded with
 *   another data converter
 */
export async function* replayHistories(
  histories: Iterable<WorkflowHistory> | AsyncIterable<WorkflowHistory>,
  options: ReplayOptions = {},
): AsyncGenerator<ReplayVerdict> {
  const replayer = await Replayer.start(options);
  try {
    for await (const history of histories) {
      await requireDecodable(history, options.dataConverter);
      yield await judge(replayer, history);
    }
  } finally {
    await replayer.stop();
  }
}

/** Workflow code that cannot read its input would part from every history: that is not what is asked. */
async function requireDecodable(
  { workflowId, history }: WorkflowHistory,
  dataConverter: DataConverter | undefined,
): Promise<void> {
  const payload = history.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
  if (!payload) return;
  const converter = loadDataConverter(dataConverter);
  await decoding(`the history of workflow ${workflowId}`, () => decodePayload(converter, payload));
}

async function judge(replayer: Replayer, { workflowId, runId, history }: WorkflowHistory): Promise<ReplayVerdict> {
  const events = history.events ?? [];
  const verdict = { workflowId, runId, events: events.length };
  const error = await replayer.replay(workflowId, events);
  if (error === undefined) return verdict;
  const partsAt = await firstDivergent(replayer, workflowId, events);
  return { ...verdict, divergence: explain(error), partsAt: referenceTo(partsAt) };
}

/** Event 1 starts the workflow; with event 2 the server asks for its first decisions. */
const EVENTS_WITHOUT_DECISION = 1;

/** Bisects: a history that is cut before the event still replays, one that is cut behind it does not. */
async function firstDivergent(replayer: Replayer, workflowId: string, events: readonly Event[]): Promise<Event> {
  let [good, bad] = [EVENTS_WITHOUT_DECISION, events.length];
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if ((await replayer.replay(workflowId, events.slice(0, middle))) === undefined) good = middle;
    else bad = middle;
  }
  return events[bad - 1]!;
}

const ATTRIBUTES = /^(?<type>.+)EventAttributes$/u;

function referenceTo(event: Event): EventReference {
  const entry = Object.entries(event).find(([name, value]) => ATTRIBUTES.test(name) && Boolean(value));
  const type = ATTRIBUTES.exec(entry?.[0] ?? '')?.groups?.['type'] ?? 'event';
  const { activityType, workflowType, signalName } = (entry?.[1] ?? {}) as {
    activityType?: { name?: string };
    workflowType?: { name?: string };
    signalName?: string;
  };
  const about = activityType?.name ?? workflowType?.name ?? signalName;
  const reference = { id: Number(event.eventId), type: `${type.charAt(0).toUpperCase()}${type.slice(1)}` };
  return about === undefined ? reference : { ...reference, about };
}

/** The core wraps its finding in the debug form of its own structures, from which only the inner message says something. */
function explain({ message }: Error): string {
  const inner = /Failure \{ message: "((?:[^"\\]|\\.)*)"/u.exec(message)?.[1];
  return inner?.replaceAll(/\\(.)/gu, '$1') ?? message;
}

/** One worker without a server for all histories: starting one costs ten times as much as a replay. */
class Replayer {
  readonly #histories: PassThrough;
  readonly #results: AsyncIterableIterator<ReplayResult>;

  static async start({ workflowBundlePath: named, dataConverter }: ReplayOptions): Promise<Replayer> {
    const workflowBundle = named === undefined ? await workflowBundleFor(dataConverter) : { codePath: named };
    if ('codePath' in workflowBundle) await access(workflowBundle.codePath);
    // Loaded here: a client that replays nothing does without the worker's native module.
    const { Worker } = await import('@temporalio/worker');
    const histories = new PassThrough({ objectMode: true });
    const options = { workflowBundle, ...(dataConverter === undefined ? {} : { dataConverter }) };
    const results = Worker.runReplayHistories(options, histories);
    return new Replayer(histories, results);
  }

  private constructor(histories: PassThrough, results: AsyncIterableIterator<ReplayResult>) {
    this.#histories = histories;
    this.#results = results;
  }

  /** @returns why the code does not lead to these events */
  async replay(workflowId: string, events: readonly Event[]): Promise<Error | undefined> {
    // Without a workflow task there is nothing to replay, and the core would wait for one for ever.
    if (events.length <= EVENTS_WITHOUT_DECISION) return undefined;
    this.#histories.write({ workflowId, history: { events } });
    const { value, done } = await this.#results.next();
    if (done === true) throw new Error('the replay worker ended before the history was replayed');
    return value.error;
  }

  async stop(): Promise<void> {
    this.#histories.end();
    await this.#results.return?.();
  }
}
