// Replays recorded histories against the workflows of this version: no server, no worker, nothing is executed.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { readHistoryFile, type ReplayVerdict, type WorkflowHistory } from '../../src/client/index.ts';
import { tracedWorkflowBundlePath, workflowBundlePath } from '../../src/platform/workflow-bundle.ts';
import { verdictOf, verdictsOf } from '../support/replay.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FOLDER = fileURLToPath(new URL('./histories/', import.meta.url));
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

/** Paths, and `pid@host`. */
const MACHINE = /\/(?:tmp|home|root|work|Users)\/.{0,40}|node_modules|\d@.{0,40}/u;

/** The workflow code that is shipped: the same workflows, once with interceptors that make traces. */
const BUNDLES = [
  { bundle: 'workflow-bundle', path: workflowBundlePath() },
  { bundle: 'workflow-bundle-traced', path: tracedWorkflowBundlePath() },
];

interface JsonHistory {
  events: { eventType: string; [attributes: string]: unknown }[];
}

beforeAll(() => {
  const telemetryOptions = { logging: { filter: 'off', forward: {} } };
  Runtime.install({ logger: new DefaultLogger('ERROR', () => {}), telemetryOptions });
});

describe.each(BUNDLES)('recorded histories in $bundle', ({ path }) => {
  const verdicts = new Map<string, ReplayVerdict>();

  beforeAll(async () => {
    const histories = await Promise.all(NAMES.map((name) => readHistoryFile(join(FOLDER, name))));
    for (const [at, verdict] of (await verdictsOf(histories, path)).entries()) verdicts.set(NAMES[at]!, verdict);
  });

  it.each(NAMES)('%s → same decisions', (name) => {
    expect(verdicts.get(name)).toBeDefined();
    expect(verdicts.get(name)?.divergence).toBeUndefined();
  });
});

describe.each(BUNDLES)('constructed histories in $bundle', ({ path }) => {
  it('two-ends-in-one-task: both inputs go on in the order in which their activities ended → same decisions', async () => {
    const { history } = await readHistoryFile(join(FOLDER, '..', 'constructed', 'two-ends-in-one-task.json'));
    const verdict = await verdictOf({ workflowId: 'constructed', runId: '', history }, path);
    expect(verdict.divergence).toBeUndefined();
  });
});

describe('recorded histories', () => {
  it.each(recipesOfReadme())('%s, which the README lists → recorded, the root at least', (recipe) => {
    expect(NAMES.some((name) => new RegExp(`^${recipe}-root(-\\d+)?-v`, 'u').test(name))).toBe(true);
  });

  it('every recorded run → listed in the README', () => {
    const recorded = NAMES.map((name) => name.replace(/-(?:root|partition)(?:-\d+)?-v.*$/u, ''));
    expect(recipesOfReadme().toSorted()).toEqual([...new Set(recorded)].toSorted());
  });

  it.each(NAMES)('%s → names no machine', (name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    const decoded = text.replaceAll(/"data": "([^"]*)"/gu, (_, data: string) => Buffer.from(data, 'base64').toString());
    expect(MACHINE.exec(decoded)?.[0]).toBeUndefined();
  });

  it('a task that took three attempts → the same three events as one that took one', () => {
    const events = eventsOf(/^lossy-partition/u);
    const started = events.flatMap(
      (event) => (event['activityTaskStartedEventAttributes'] as { attempt: number } | undefined) ?? [],
    );
    expect(Math.max(...started.map(({ attempt }) => attempt))).toBe(3);
    for (const what of ['SCHEDULED', '(?:COMPLETED|FAILED)']) {
      const type = new RegExp(`ACTIVITY_TASK_${what}$`, 'u');
      expect(events.filter(({ eventType }) => type.test(eventType))).toHaveLength(started.length);
    }
  });

  it('a partition → at most 12 events a task, so that 500 tasks stay far below 10,000', () => {
    for (const name of ['success', 'boundary', 'told', 'continued']) {
      const events = eventsOf(new RegExp(`^${name}-partition`, 'u'));
      const partitions = events.filter(({ eventType }) => eventType.endsWith('EXECUTION_STARTED')).length;
      const activities = events.filter(({ eventType }) => eventType.endsWith('ACTIVITY_TASK_SCHEDULED')).length;
      expect(events.length).toBeLessThanOrEqual(12 * (activities / 2) + 15 * partitions);
    }
  });
});

/** Of all recorded histories whose names match. */
function eventsOf(name: RegExp): JsonHistory['events'] {
  const files = NAMES.filter((one) => name.test(one));
  return files.flatMap((file) => (JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as JsonHistory).events);
}

/** First column of the table in the README beside the histories. */
function recipesOfReadme(): string[] {
  const text = readFileSync(fileURLToPath(new URL('./README.md', import.meta.url)), 'utf8');
  return [...text.matchAll(/^\| `(?<recipe>\w+)`/gmu)].map(({ groups }) => groups?.['recipe'] ?? '');
}

/** A change of the workflow code that must not go unnoticed: what it replaces, by what, and the history that notices. */
const BROKEN_WORKFLOWS: [change: string, from: string, to: string, noticed: string][] = [
  ['plans with another activity', '.planRun(', '.planRuns(', 'success-root'],
  ['gives partitions other ids', '}-${start}`', '}-1${start}`', 'success-root'],
  ['embeds one task at a time', 'input.maxInFlight', '1', 'success-partition-1'],
  ['opens one partition at a time', '{ length: openPartitions }', '{ length: 1 }', 'boundary-root'],
  ['has lost a patch', 'patched)(PATCH_STAGGERED)', 'log).debug(PATCH_STAGGERED)', 'staggered-root-1'],
  ['has lost another patch', 'patched)(PATCH_DISTINCT_IDS)', 'log).debug(PATCH_DISTINCT_IDS)', 'restarted-root'],
  ['never continues as new', 'this.#started >=', '-1 >=', 'continued-root-1'],
  ['does not count what is on disk at the end', 'course.finish({})', 'course.work()', 'checkpoint-root'],
  ['passes no pause on to partitions', '?.tellAll(paused)', '?.toString(paused)', 'drained-root'],
  ['writes no report when it is cancelled', '.nonCancellable(', '.cancellable(', 'cancelled-root'],
  ['gives a file up when its rows are lost once', 'MAX_SPOOL_LOSSES = 3', 'MAX_SPOOL_LOSSES = 0', 'lossy-partition-1'],
  ['tells no progress', 'PROGRESS_SHARE = 0.1', 'PROGRESS_SHARE = 10', 'told-partition'],
  ['takes predictions through another stage', '.splitSequences(', '.splitSequence(', 'predicted-root'],
  ['embeds what has no frame', 'sequences > 0', 'sequences > -1', 'frameless-root'],
  ['lets the other side go on', 'scope.cancel()', 'scope.toString()', 'refused-root'],
  ['does not embed again what was set aside', 'setAside === 0', 'true', 'mended-root'],
  ['leaves a prediction that is cancelled without a report', '.nonCancellable(', '.cancellable(', 'halted-root'],
  ['takes all genomes in one execution', 'next - first <', '0 * first <', 'relayed-root-1'],
  ['tells the sides of no pause', '?.tellAll(paused)', '?.toString(paused)', 'held-root'],
  ['does not wait for the id of a child', 'waited >= patience', 'true', 'occupied-root'],
];

describe.each(BUNDLES)('broken workflows in $bundle', ({ path }) => {
  it.each(BROKEN_WORKFLOWS)('one that %s → parts from a recorded history', async (_, from, to, noticed) => {
    const code = readFileSync(path, 'utf8');
    // Where this fails the workflow has changed: choose another text that makes the same change.
    expect(code.includes(from)).toBe(true);
    const bundle = join(await temporaryFolder(), 'bundle.js');
    writeFileSync(bundle, code.replaceAll(from, to));
    const name = NAMES.find((one) => one.startsWith(`${noticed}-v`))!;
    const verdict = await verdictOf(await readHistoryFile(join(FOLDER, name)), bundle);
    expect(verdict.divergence).toMatch(/Nondeterminism error/u);
    expect(verdict.partsAt?.id).toBeGreaterThan(4);
  });
});

describe('broken histories', () => {
  it('another activity type → a determinism error that names both, at the event that schedules it', async () => {
    const broken = await altered('success-partition-1-v0.1.0.json', (text) =>
      text.replaceAll('"embedFile"', '"embedFiles"'),
    );
    const { divergence, partsAt } = await verdictOf(broken);
    expect(divergence).toMatch(/^\[TMPRL1100\] Nondeterminism error: .*'embedFiles' does not match .*'embedFile'$/u);
    expect(partsAt).toEqual({ id: 5, type: 'ActivityTaskScheduled', about: 'embedFiles' });
  });

  it('an activity that is not scheduled any more → a determinism error', async () => {
    const broken = await altered('success-root-v0.1.0.json', (text) => withoutActivity(text, 'planRun'));
    const { divergence, partsAt } = await verdictOf(broken);
    expect(divergence).toMatch(/Nondeterminism error/u);
    expect(partsAt).toEqual({ id: 11, type: 'TimerStarted' });
  });

  it('another child workflow id → a determinism error', async () => {
    const broken = await altered('cancelled-root-v0.1.0.json', (text) => text.replaceAll(/-0"/gu, '-1000"'));
    const { divergence, partsAt } = await verdictOf(broken);
    expect(divergence).toMatch(/Nondeterminism error/u);
    expect(partsAt).toMatchObject({ type: 'StartChildWorkflowExecutionInitiated', about: 'embedPartition' });
  });

  it('an end that the code does not come to → parts at the last event', async () => {
    const broken = await altered('success-partition-1-v0.1.0.json', (text) => {
      const history = JSON.parse(text) as JsonHistory;
      const saved = history.events.findLastIndex(({ eventType }) => eventType.endsWith('ACTIVITY_TASK_SCHEDULED'));
      const end = { ...history.events.at(-1)!, eventId: String(saved + 1) };
      return JSON.stringify({ events: [...history.events.slice(0, saved), end] });
    });
    const { divergence, partsAt, events } = await verdictOf(broken);
    expect(divergence).toMatch(/Nondeterminism error/u);
    expect(partsAt).toEqual({ id: events, type: 'WorkflowExecutionCompleted' });
  });

  it('one broken between two good ones → only that one parts', async () => {
    const good = await readHistoryFile(join(FOLDER, 'partial-root-v0.1.0.json'));
    const broken = await altered('success-partition-1-v0.1.0.json', (text) =>
      text.replaceAll('"embedFile"', '"embedFiles"'),
    );
    const verdicts = await verdictsOf([good, broken, good]);
    expect(verdicts.map(({ divergence }) => divergence === undefined)).toEqual([true, false, true]);
  });
});

describe('histories that are not at their end', () => {
  it.each([0, 1, 2, 3])('a run of which %i events are recorded → same decisions', async (count) => {
    const whole = await readHistoryFile(join(FOLDER, 'success-root-v0.1.0.json'));
    const events = whole.history.events!.slice(0, count);
    expect(await verdictOf({ ...whole, history: { events } })).toEqual({
      workflowId: whole.workflowId,
      runId: whole.runId,
      events: count,
    });
  });
});

describe('readHistoryFile', () => {
  it('JSON that is no history → an error that says how to make one', async () => {
    const file = join(await temporaryFolder(), 'package.json');
    writeFileSync(file, '{"name": "x"}');
    await expect(readHistoryFile(file)).rejects.toThrow('temporal workflow show --output json');
  });

  it('a history → the ids of its execution, whatever the file is called', async () => {
    const { workflowId, runId } = await readHistoryFile(join(FOLDER, 'success-partition-1-v0.1.0.json'));
    expect(workflowId).toMatch(/^virnucpro-[0-9a-f]{12}-[0-9a-f]{8}-\d+$/u);
    expect(runId).toMatch(/^[0-9a-f-]{36}$/u);
  });
});

/** A good history, broken on purpose. */
async function altered(name: string, alter: (text: string) => string): Promise<WorkflowHistory> {
  const file = join(FOLDER, name);
  const text = readFileSync(file, 'utf8');
  const broken = alter(text);
  expect(broken).not.toBe(text);
  return { ...(await readHistoryFile(file)), history: historyFromJSON(JSON.parse(broken)) };
}

/** The events of an activity become timers that nobody asked for. */
function withoutActivity(text: string, type: string): string {
  const history = JSON.parse(text) as JsonHistory;
  return JSON.stringify({
    ...history,
    events: history.events.map((event) => (JSON.stringify(event).includes(`"${type}"`) ? timerInstead(event) : event)),
  });
}

function timerInstead({ eventId, eventTime, taskId }: Record<string, unknown>): object {
  const timerStartedEventAttributes = { timerId: '1', startToFireTimeout: '1s', workflowTaskCompletedEventId: '1' };
  return { eventId, eventTime, taskId, eventType: 'EVENT_TYPE_TIMER_STARTED', timerStartedEventAttributes };
}
