import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { connectClient, connectionSettings, startRun } from '../../src/client/index.ts';
import { readOwner } from '../../src/run/owner.ts';
import { isOpenElsewhere } from '../../src/worker/other-server.ts';
import type { Command } from '../support/command.ts';
import { startDevServer } from '../support/dev-server.ts';
import { endAll, processesOf } from '../support/processes.ts';
import { contentsOf, embeddedTimes, leftovers, logLines, makeInputs } from '../support/run-folder.ts';
import { workplace, type Workplace } from '../support/workplace.ts';

const FILES = 4;
const BATCH = 8;

/** Every file may lose the batch that is being computed or made durable. */
function inFlight(interruptions: number): number {
  return interruptions * FILES * BATCH;
}

async function untilRows(log: string, count: number): Promise<void> {
  while (logLines(log).length < count) await sleep(20);
}

function repeats(log: string): number {
  return [...embeddedTimes(log).values()].reduce((sum, count) => sum + count - 1, 0);
}

describe('the Temporal server is killed and started again on its file', () => {
  it('three times in one run → the client and the worker go on, contents as without', async () => {
    const at = workplace();
    const records = 48;
    const inputs = [makeInputs(at.folder, FILES, records)];
    const database = at.path('temporal.db');
    let server = await startDevServer({ database });
    const { address } = server;
    const client = await connectClient(connectionSettings({ address, namespace: 'default' }));
    const worker = at.start(['worker', '--role', 'all', '--address', address]);
    await worker.said('serving all');
    const request = (name: string, delayMs: number) => {
      const options = { delayMs: String(delayMs), log: at.path(`${name}.log`) };
      return { directory: at.path(name), inputs, embedders: [{ name: 'fake', options }], batchSize: BATCH };
    };
    const whole = await startRun(client, request('whole', 0));
    expect(await whole.result()).toMatchObject({ outcome: 'success' });

    const run = await startRun(client, request('run', 60));
    const log = at.path('run.log');
    for (const quarter of [1, 2, 3]) {
      await untilRows(log, (quarter / 4) * FILES * records);
      await server.kill();
      await sleep(500);
      server = await startDevServer({ database, address });
    }
    // What another run would ask this server about the claim of one that it has.
    const host = hostname();
    const { workflowId } = await client.workflow.start('of another run', {
      ...{ workflowId: 'open', taskQueue: 'unserved', args: [] },
    });
    const here = { server: address, namespace: 'default', workflowId, serverPid: 1, host };
    expect(await isOpenElsewhere(here)).toBe(true);
    expect(await isOpenElsewhere({ ...here, workflowId: 'nobody' })).toBe(false);
    expect(await isOpenElsewhere({ ...here, namespaceId: 'of another server' })).toBeUndefined();
    expect(await isOpenElsewhere({ ...here, serverPid: undefined })).toBeUndefined();
    expect(await isOpenElsewhere({ ...here, host: `not-${host}` })).toBeUndefined();
    expect(await isOpenElsewhere({ ...here, server: '127.0.0.1:1' })).toBeUndefined();
    expect(await run.result()).toMatchObject({ outcome: 'success', embedded: FILES, rows: FILES * records });
    expect(await isOpenElsewhere({ ...here, workflowId: run.workflowId })).toBe(false);
    expect(await contentsOf(at.path('run'))).toEqual(await contentsOf(at.path('whole')));
    expect(leftovers(at.path('run'))).toEqual([]);
    expect(embeddedTimes(log).size).toBe(FILES * records);
    expect(repeats(log)).toBeLessThanOrEqual(inFlight(3));
    worker.signal('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    await client.connection.close();
    await server.stop();
  });
});

describe('two servers and one run folder', () => {
  const RECORDS = 24;
  /** Milliseconds a sequence: it takes longer than any test, but a batch of one is durable soon. */
  const ENDLESS = { delayMs: 3000, batch: 1 };

  /** `virnucpro embed` with a server of its own, which the state home tells from another. */
  function embed(at: Workplace, stateHome: string, { delayMs = 40, batch = BATCH } = {}): Command {
    const options = [`delayMs=${delayMs}`, `log=${at.path('fake.log')}`].flatMap((one) => ['--embedder-option', one]);
    const args = ['embed', 'in', '--out', 'out', '--embedder', 'fake', '--batch-size', String(batch), '--json'];
    return at.start([...args, ...options], { stateHome });
  }

  function outcomeOf(stdout: string) {
    return JSON.parse(stdout) as { outcome: string; workflowId: string; error?: { type: string; message: string } };
  }

  async function expectWhole(at: Workplace): Promise<void> {
    const contents = await contentsOf(at.path('out'));
    expect(Object.values(contents).map(({ ids }) => ids.length)).toEqual(Array.from({ length: FILES }, () => RECORDS));
    expect(leftovers(at.path('out'))).toEqual([]);
  }

  it('both at once → one has the folder, the other is told who', async () => {
    const [at, there] = [workplace(), workplace()];
    makeInputs(at.folder, FILES, RECORDS);
    // The first still embeds when the second is ready, however long that takes.
    const both = [at, there].map(({ stateHome }) => embed(at, stateHome, { delayMs: 800 }));
    const endings = await Promise.all(both.map((command) => command.ended));
    const won = endings.findIndex(({ code }) => code === 0);
    const [winner, loser] = [endings[won]!, endings[1 - won]!];
    expect(loser.code).toBe(1);
    const { workflowRunId } = JSON.parse(readFileSync(at.path('out', 'report.json'), 'utf8')) as {
      workflowRunId: string;
    };
    const { error, workflowId } = outcomeOf(loser.stdout);
    expect(workflowId).toBe(outcomeOf(winner.stdout).workflowId);
    expect(error?.type).toBe('RunError.InvalidInput');
    expect(error?.message).toContain(`belongs to workflow ${workflowId} (run ${workflowRunId}) on 127.0.0.1:`);
    expect(error?.message).toContain(', namespace default, last heard of at ');
    await expectWhole(at);
    expect(repeats(at.path('fake.log'))).toBe(0);
    expect([...processesOf(at.stateHome), ...processesOf(there.stateHome)]).toEqual([]);
  });

  it('the first is killed with its server → taken over at once; it comes back and is told, and does no harm', async () => {
    const [at, there] = [workplace(), workplace()];
    const log = at.path('fake.log');
    makeInputs(at.folder, FILES, RECORDS);
    const first = embed(at, at.stateHome, ENDLESS);
    await untilRows(log, FILES);
    const before = await readOwner(at.path('out'));
    endAll(at.stateHome);
    await first.ended;

    const second = embed(at, there.stateHome, ENDLESS);
    await untilRows(log, logLines(log).length + 1);
    const owner = await readOwner(at.path('out'));
    expect(owner?.workflowId).toBe(before?.workflowId);
    expect(owner?.workflowRunId).not.toBe(before?.workflowRunId);
    expect(owner?.namespaceId).not.toBe(before?.namespaceId);

    const back = await embed(at, at.stateHome, ENDLESS).ended;
    expect(back.stderr).toContain('Attached to virnucpro-');
    expect(back.stdout).toContain(`belongs to workflow ${owner?.workflowId} (run ${owner?.workflowRunId})`);
    expect(back.code).not.toBe(0);
    expect(await readOwner(at.path('out'))).toMatchObject({ workflowRunId: owner?.workflowRunId });
    second.signalGroup('SIGINT');
    expect((await second.ended).code).toBe(130);
    expect(await readOwner(at.path('out'))).toBeUndefined();
    expect(await embed(at, there.stateHome).ended).toMatchObject({ code: 0 });
    expect(embeddedTimes(log).size).toBe(FILES * RECORDS);
    await expectWhole(at);
  });
});
