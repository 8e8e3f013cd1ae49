import type { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRun, type RunHandle } from '../../src/client/index.ts';
import { createWorkers, type VirnucproWorkers } from '../../src/worker/index.ts';
import type { DevServer } from '../support/dev-server.ts';
import { startTemporal, type Temporal } from '../support/temporal.ts';
import { logLines, makeInputs } from '../support/run-folder.ts';
import { runScene, until } from '../support/run-scene.ts';

const DEPLOYMENT = 'virnucpro';

let temporal: Temporal;
let server: DevServer;
let connection: NativeConnection;
let client: Client;
const serving: { workers: VirnucproWorkers; running: Promise<void> }[] = [];

beforeAll(async () => {
  temporal = await startTemporal();
  ({ server, connection, client } = temporal);
});

afterAll(async () => {
  for (const { workers } of serving) workers.shutdown();
  await Promise.all(serving.map(({ running }) => running));
  await temporal?.stop();
});

/** As docs/changing-workflows.md says. */
async function serve(buildId: string): Promise<void> {
  const workers = await createWorkers({
    connection,
    namespace: 'default',
    address: server.address,
    embedders: ['fake'],
    log: () => {},
    workerOptions: {
      workerDeploymentOptions: {
        version: { deploymentName: DEPLOYMENT, buildId },
        useWorkerVersioning: true,
        defaultVersioningBehavior: 'PINNED',
      },
    },
  });
  serving.push({ workers, running: workers.run() });
}

/** Waits until the server has heard of the version on both queues. */
async function makeCurrent(buildId: string): Promise<void> {
  await until(async () => {
    try {
      const request = { namespace: 'default', deploymentName: DEPLOYMENT, version: `${DEPLOYMENT}.${buildId}` };
      await client.workflowService.setWorkerDeploymentCurrentVersion({ ...request, buildId, identity: 'test' });
      return true;
    } catch {
      return false;
    }
  });
}

async function buildOf(run: RunHandle): Promise<string | null | undefined> {
  const { raw } = await client.workflow.getHandle(run.workflowId).describe();
  return raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId;
}

it('pinned: an open run ends on the version that it began on, one started after the change on the new one', async () => {
  await serve('1');
  await makeCurrent('1');
  const [before, after] = [runScene(), runScene()];
  makeInputs(before.folder, 3, 10);
  makeInputs(after.folder, 2, 1);
  const tuning = { partitionSize: 1, openPartitions: 1 };
  const old = await startRun(client, before.request({ delayMs: '100' }, { tuning }));
  await until(() => logLines(before.log).length > 0);
  await serve('2');
  await makeCurrent('2');
  const young = await startRun(client, after.request());
  expect(await young.result()).toMatchObject({ outcome: 'success', embedded: 2 });
  expect(await old.result()).toMatchObject({ outcome: 'success', embedded: 3 });
  expect([await buildOf(old), await buildOf(young)]).toEqual(['1', '2']);
});
