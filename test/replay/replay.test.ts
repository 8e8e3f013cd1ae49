// Replays recorded histories against the workflows of this version: no server, no worker, nothing is executed.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { readHistoryFile, replayHistories, type ReplayVerdict, type WorkflowHistory } from '../../src/client/index.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FOLDER = fileURLToPath(new URL('./histories/', import.meta.url));
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

/** The outcomes that a release must have recorded before it may change a workflow. */
const OUTCOMES = ['success', 'partial', 'checkpoint', 'failed', 'cancelled', 'paused', 'continued'];

/** Paths, and `pid@host`. */
const MACHINE = /\/(?:tmp|home|root|work|Users)\/.{0,40}|node_modules|\d@.{0,40}/u;

interface JsonHistory {
  events: { eventType: string; [attributes: string]: unknown }[];
}

beforeAll(() => {
  const telemetryOptions = { logging: { filter: 'off', forward: {} } };
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions });
});

describe('recorded histories', () => {
  it.each(NAMES)('%s → same decisions', async (name) => {
    expect((await verdictOf(await readHistoryFile(join(FOLDER, name)))).divergence).toBeUndefined();
  });

  it.each(OUTCOMES)('outcome %s → recorded, the root at least', (outcome) => {
    expect(NAMES.some((name) => new RegExp(`^${outcome}-root(-\\d+)?-v`, 'u').test(name))).toBe(true);
  });

  it.each(NAMES)('%s → names no machine', (name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    const decoded = text.replaceAll(/"data": "([^"]*)"/gu, (_, data: string) => Buffer.from(data, 'base64').toString());
    expect(MACHINE.exec(decoded)?.[0]).toBeUndefined();
  });
});

describe('broken histories', () => {
  it('another activity type → a determinism error that names both', async () => {
    const broken = await altered('success-partition-1-v0.1.0.json', (text) =>
      text.replaceAll('"embedFile"', '"embedFiles"'),
    );
    expect((await verdictOf(broken)).divergence).toMatch(
      /^\[TMPRL1100\] Nondeterminism error: .*'embedFiles' does not match .*'embedFile'$/u,
    );
  });

  it('an activity that is not scheduled any more → a determinism error', async () => {
    const broken = await altered('success-root-v0.1.0.json', (text) => withoutActivity(text, 'planRun'));
    expect((await verdictOf(broken)).divergence).toMatch(/Nondeterminism error/u);
  });

  it('another child workflow id → a determinism error', async () => {
    const broken = await altered('cancelled-root-v0.1.0.json', (text) => text.replaceAll(/-0"/gu, '-1000"'));
    expect((await verdictOf(broken)).divergence).toMatch(/Nondeterminism error/u);
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

async function verdictOf(history: WorkflowHistory): Promise<ReplayVerdict> {
  const [verdict] = await verdictsOf([history]);
  if (verdict === undefined) throw new Error('nothing was replayed');
  return verdict;
}

async function verdictsOf(histories: readonly WorkflowHistory[]): Promise<ReplayVerdict[]> {
  const verdicts: ReplayVerdict[] = [];
  for await (const verdict of replayHistories(histories)) verdicts.push(verdict);
  return verdicts;
}

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
