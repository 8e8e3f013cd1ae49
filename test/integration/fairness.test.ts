import type { Client } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { startRun, type RunHandle } from '../../src/client/index.ts';
import { createWorkers } from '../../src/worker/index.ts';
import { logLines, makeInputs } from '../support/run-folder.ts';
import { runScene, until, type RunScene } from '../support/run-scene.ts';
import { startTemporal } from '../support/temporal.ts';

/** Tasks of the run that is first, all of them in the queue before the second run is started. */
const FIRST = 240;
const SECOND = 24;
const SLOTS = 2;
const TASK_MS = '150';
/** So many tasks are watched from the moment when those of the second run are queued. */
const WATCHED = 36;

/** Which run each embedded sequence belonged to, in order, from the moment when the tasks of the second were queued. */
async function turns(fairness: boolean): Promise<string> {
  const { server, connection, client, stop } = await startTemporal({ fairness });
  const workers = await createWorkers({
    ...{ connection, namespace: 'default', address: server.address },
    ...{ embedders: ['fake'], slots: SLOTS, log: () => {} },
  });
  const running = workers.run();
  try {
    return await race(client);
  } finally {
    workers.shutdown();
    await running;
    await stop();
  }
}

async function race(client: Client): Promise<string> {
  const [first, second] = [runScene(), runScene()];
  makeInputs(first.folder, FIRST, 1);
  makeInputs(second.folder, SECOND, 1);
  const options = { delayMs: TASK_MS, log: first.log };
  const tuning = { partitionSize: FIRST / 2, maxInFlight: FIRST / 2 };
  const a = await startRun(client, first.request(options, { tuning }));
  await until(async () => (await queuedTasks(a)) >= FIRST / 2);
  const b = await startRun(client, second.request(options, { tuning }));
  await until(async () => (await queuedTasks(b)) > 0);
  const before = logLines(first.log).length;
  await until(() => logLines(first.log).length >= before + WATCHED);
  return logLines(first.log)
    .slice(before, before + WATCHED)
    .map((line) => (isOf(line, second) ? 'b' : 'a'))
    .join('');
}

/** Tasks of a run in the queue of its embedder, or with a worker; unknown while the server is busy. */
async function queuedTasks(run: RunHandle): Promise<number> {
  const status = await run.status().catch(() => undefined);
  return status?.phase === 'embedding' ? status.waitingTasks + status.runningTasks : 0;
}

function isOf(line: string, { folder }: RunScene): boolean {
  return line.startsWith(folder);
}

function shareOfSecond(order: string): number {
  return (order.split('b').length - 1) / order.length;
}

describe('two runs on one queue of embedFile, the second started behind a full window of the first', () => {
  it('with matching.enableFairness → the second gets about half of the slots at once', async () => {
    const order = await turns(true);
    expect(order).toSatisfy(() => shareOfSecond(order) > 0.25);
    expect(order).toMatch(/^a{0,12}b/u);
  });

  it('without it, as servers come → the second waits until the first has been served', async () => {
    const order = await turns(false);
    // Not zero: a queue has several partitions, and one of them may run dry earlier than the others.
    expect(order).toSatisfy(() => shareOfSecond(order) < 0.2);
  });
});
