import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attachRun, startRun, type RunHandle, type RunStatus } from '../../src/client/index.ts';
import { FailureType } from '../../src/contract/failure-types.ts';
import { IO_TASK_QUEUE, WORKFLOW_EMBED_PARTITION, WORKFLOW_EMBEDDING_RUN } from '../../src/contract/names.ts';
import { createWorkers, type VirnucproWorkers } from '../../src/worker/index.ts';
import { makeInputs } from '../support/run-folder.ts';
import { runScene, until, type RunScene } from '../support/run-scene.ts';
import { startTemporal, type Temporal } from '../support/temporal.ts';

let temporal: Temporal;
let workers: VirnucproWorkers;
let running: Promise<void>;

beforeAll(async () => {
  temporal = await startTemporal();
  const { connection, server } = temporal;
  const common = { connection, namespace: 'default', address: server.address, log: () => {} };
  workers = await createWorkers({ ...common, embedders: ['fake'] });
  running = workers.run();
});

afterAll(async () => {
  workers?.shutdown();
  await running;
  await temporal?.stop();
});

const SLOW = { delayMs: '100' };

/** As a client in another language does: by name, with an id of its own. */
function startRaw(at: RunScene, workflowId: string, options: Record<string, string> = SLOW) {
  const args = [{ contract: 1, ...at.request(options), batchSize: 1 }];
  return temporal.client.workflow.start(WORKFLOW_EMBEDDING_RUN, { workflowId, taskQueue: IO_TASK_QUEUE, args });
}

async function phaseOf(run: RunHandle, phase: RunStatus['phase']): Promise<void> {
  await until(async () => (await run.status().catch(() => undefined))?.phase === phase);
}

describe('attachRun', () => {
  it('by folder, to a run that somebody else has started under another id → paused, resumed, watched, awaited', async () => {
    const at = runScene();
    makeInputs(at.folder, 1, 60);
    await startRaw(at, 'started-elsewhere');
    const byId = await attachRun(temporal.client, { workflowId: 'started-elsewhere' });
    expect(byId).toMatchObject({ directory: at.out, attached: true });
    await phaseOf(byId, 'embedding');
    const byFolder = await attachRun(temporal.client, { directory: at.out });
    expect(byFolder.workflowId).toBe('started-elsewhere');
    await byFolder.pause();
    await until(async () => (await byId.status()).paused);
    await byFolder.resume();
    const phases = new Set<string>();
    for await (const { phase } of byFolder) phases.add(phase);
    expect([...phases].at(-1)).toBe('done');
    expect(await byFolder.result()).toMatchObject({ outcome: 'success', rows: 60 });
    expect(await byId.result()).toEqual(await byFolder.result());
  });

  it('a run that ends while its progress is being looked at → done is told all the same', async () => {
    const at = runScene();
    makeInputs(at.folder, 1, 8);
    const run = await startRun(temporal.client, at.request(SLOW));
    const phases: string[] = [];
    for await (const { phase } of run) {
      phases.push(phase);
      if (phase === 'embedding') await run.result();
    }
    expect(phases.slice(-2)).toEqual(['embedding', 'done']);
  });

  it('by folder, to a run that has ended → its outcome; a later run of the same id does not change what a handle says', async () => {
    const at = runScene();
    makeInputs(at.folder, 1, 1);
    const run = await startRun(temporal.client, at.request());
    await run.result();
    const ended = await attachRun(temporal.client, { directory: at.out });
    await (await startRun(temporal.client, at.request())).result();
    expect(await ended.result()).toMatchObject({ outcome: 'success', embedded: 1, found: 0 });
    const latest = await attachRun(temporal.client, { directory: at.out });
    expect(await latest.result()).toMatchObject({ outcome: 'success', embedded: 0, found: 1 });
  });

  it('no run folder, an unknown id, another kind of workflow → RunError.InvalidInput saying so', async () => {
    const at = runScene();
    mkdirSync(at.out);
    const { client } = temporal;
    await client.workflow.start(WORKFLOW_EMBED_PARTITION, { workflowId: 'odd', taskQueue: 'nobody', args: [{}] });
    const refusals = [
      [{ directory: at.out }, 'is no run folder: it has no run.json'],
      [{ workflowId: 'nosuch' }, 'workflow nosuch is not known in namespace default'],
      [{ workflowId: 'odd' }, 'is of type embedPartition, not embeddingRun'],
    ] as const;
    for (const [choice, message] of refusals) {
      await expect(attachRun(client, choice)).rejects.toMatchObject({
        type: FailureType.RunInvalidInput,
        message: expect.stringContaining(message),
      });
    }
    await client.workflow.getHandle('odd').terminate();
  });
});

describe('progress', () => {
  it('of a run that is terminated, or whose workers are gone when it has ended → ends, too', async () => {
    const at = runScene();
    makeInputs(at.folder, 1, 100);
    const run = await startRun(temporal.client, { ...at.request(SLOW), batchSize: 1 });
    const seen: RunStatus[] = [];
    for await (const status of run.progress({ intervalMs: 50 })) {
      seen.push(status);
      if (seen.length === 1) await temporal.client.workflow.getHandle(run.workflowId).terminate('by hand');
    }
    expect(seen.map(({ phase }) => phase)).not.toContain('done');
    expect(await run.result()).toMatchObject({ outcome: 'failed', exitCode: 1, message: 'terminated: by hand' });
  });

  it('its signal → ends the watching, not the run', async () => {
    const at = runScene();
    makeInputs(at.folder, 1, 10);
    const run = await startRun(temporal.client, { ...at.request(SLOW), batchSize: 1 });
    const watching = new AbortController();
    for await (const _ of run.progress({ signal: watching.signal })) watching.abort();
    expect(await run.result()).toMatchObject({ outcome: 'success' });
  });
});
