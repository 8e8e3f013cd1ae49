import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { describe, expect, it } from 'vitest';
import { fetchRunHistories, readHistoryFile, saveHistories, storedHistories } from '../../../src/client/histories.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const RUN = 'virnucpro-0123456789ab';

/** A run that continued as new once; its first execution started three partitions, of which one completed. */
const SERVER = {
  [`${RUN} second`]: history([started(RUN, 'second', 'first'), child('Started', 'p4', 'open')]),
  [`${RUN} first`]: history([
    started(RUN, 'first', ''),
    child('Started', 'p1', 'done'),
    child('Started', 'p2', 'failed'),
    child('Completed', 'p1', 'done'),
    child('Started', 'p3', 'forgotten'),
    child('Failed', 'p2', 'failed'),
  ]),
  'p1 done': history([started('p1', 'done', '')]),
  'p2 failed': history([started('p2', 'failed', '')]),
  'p4 open': history([started('p4', 'open', '')]),
};

describe('fetchRunHistories', () => {
  it('all → each execution of the run, newest first, with its partitions; forgotten ones are left out', async () => {
    expect(await idsOf(fetchRunHistories(fakeClient(SERVER), RUN, 'all'))).toEqual([
      `${RUN} second`,
      'p4 open',
      `${RUN} first`,
      'p1 done',
      'p2 failed',
    ]);
  });

  it('unsuccessful → without the partition that completed', async () => {
    const ids = await idsOf(fetchRunHistories(fakeClient(SERVER), RUN, 'unsuccessful'));
    expect(ids).not.toContain('p1 done');
    expect(ids).toHaveLength(4);
  });

  it('a prediction → its runs, with all that they have continued as, and their partitions', async () => {
    const server = {
      'p only': history([started('p', 'only', ''), child('Started', 'n', 'n1'), child('Completed', 'n', 'n2')]),
      'n n1': history([started('n', 'n1', ''), child('Started', 'part', 'a'), continuedAs('n2')]),
      'n n2': history([started('n', 'n2', 'n1')]),
      'part a': history([started('part', 'a', '')]),
    };
    expect(await idsOf(fetchRunHistories(fakeClient(server), 'p', 'all'))).toEqual([
      'p only',
      'n n1',
      'part a',
      'n n2',
    ]);
    expect(await idsOf(fetchRunHistories(fakeClient(server), 'p', 'unsuccessful'))).toEqual(['p only']);
  });

  it('a run that the server does not know → WorkflowNotFoundError', async () => {
    await expect(idsOf(fetchRunHistories(fakeClient({}), RUN, 'all'))).rejects.toBeInstanceOf(WorkflowNotFoundError);
  });
});

describe('saveHistories', () => {
  it('→ one file each, named by ids, that reads back; a second time replaces', async () => {
    const directory = await temporaryFolder();
    for (let time = 0; time < 2; time++) {
      const written = await saveHistories(fakeClient(SERVER), RUN, directory);
      expect(written.toSorted()).toEqual(await storedHistories(directory));
    }
    expect(readdirSync(join(directory, '.virnucpro', 'histories')).toSorted()).toEqual([
      'p2-failed.json',
      'p4-open.json',
      `${RUN}-first.json`,
      `${RUN}-second.json`,
    ]);
    const first = (await storedHistories(directory)).find((file) => file.includes('-first'));
    expect(await readHistoryFile(first ?? '')).toMatchObject({ workflowId: RUN, runId: 'first' });
  });

  it('a workflow id with a slash → one file in the folder', async () => {
    const directory = await temporaryFolder();
    await saveHistories(fakeClient({ '../x r': history([started('../x', 'r', '')]) }), '../x', directory);
    expect(readdirSync(join(directory, '.virnucpro', 'histories'))).toEqual(['..%2Fx-r.json']);
  });
});

it('storedHistories of a folder that has none → []', async () => {
  expect(await storedHistories(await temporaryFolder())).toEqual([]);
});

async function idsOf(histories: ReturnType<typeof fetchRunHistories>): Promise<string[]> {
  const ids: string[] = [];
  for await (const { workflowId, runId } of histories) ids.push(`${workflowId} ${runId}`);
  return ids;
}

/** As much of a client as fetching histories needs; without a run id the first of that workflow is the latest. */
function fakeClient(known: Record<string, object>): Client {
  const find = (workflowId: string, runId = '') => {
    const key = Object.keys(known).find((name) => name.startsWith(`${workflowId} ${runId}`));
    if (key !== undefined) return key;
    throw Object.assign(new Error('5 NOT_FOUND'), { code: 5, details: 'workflow not found', metadata: {} });
  };
  const getHandle = (workflowId: string, runId?: string) => ({
    fetchHistory: async () => known[find(workflowId, runId)],
  });
  const describeWorkflowExecution = async ({ execution }: { execution: { workflowId: string } }) => ({
    workflowExecutionInfo: { execution: { runId: find(execution.workflowId).split(' ')[1] } },
  });
  const client = { workflow: { getHandle }, workflowService: { describeWorkflowExecution }, options: {} };
  return client as unknown as Client;
}

function history(events: object[]): object {
  return historyFromJSON({ events: events.map((event, at) => ({ eventId: String(at + 1), ...event })) });
}

function started(workflowId: string, originalExecutionRunId: string, continuedExecutionRunId: string): object {
  return {
    eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED',
    workflowExecutionStartedEventAttributes: { workflowId, originalExecutionRunId, continuedExecutionRunId },
  };
}

function continuedAs(newExecutionRunId: string): object {
  return {
    eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW',
    workflowExecutionContinuedAsNewEventAttributes: { newExecutionRunId },
  };
}

function child(what: 'Started' | 'Completed' | 'Failed', workflowId: string, runId: string): object {
  return {
    eventType: `EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_${what.toUpperCase()}`,
    [`childWorkflowExecution${what}EventAttributes`]: { workflowExecution: { workflowId, runId } },
  };
}
