import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '@temporalio/client';
import { connectClient, connectionSettings } from '../../src/client/index.ts';
import { killActivities } from '../chaos/activity-kills.ts';
import { killWorkers } from '../chaos/worker-kills.ts';
import { startDevServer, type DevServer } from '../support/dev-server.ts';

/** Printed with the figures; the same seed plans the same kills. */
const SEED = Number(process.env['VIRNUCPRO_CHAOS_SEED'] ?? randomInt(2 ** 31));

let server: DevServer;
let client: Client;

beforeAll(async () => {
  server = await startDevServer();
  client = await connectClient(connectionSettings({ address: server.address, namespace: 'default' }));
});

afterAll(async () => {
  await client?.connection.close();
  await server?.stop();
});

/** A hundred processes have to start one after the other; beside other work that takes long. */
const TIMEOUT_MS = 900_000;

describe('processes killed with SIGKILL', { timeout: TIMEOUT_MS }, () => {
  it('10 workers, embedders included or not, at random times → as an uninterrupted run, nothing acknowledged lost', async () => {
    const tally = await killWorkers({ kills: 10, seed: SEED, client, address: server.address });
    console.log(String(tally));
    expect(tally.violations).toEqual([]);
    expect(tally.kills).toBeGreaterThanOrEqual(10);
  });

  it('90 activity processes, at every step, ten deep and at random times → as an uninterrupted run, nothing acknowledged lost', async () => {
    const tally = await killActivities({ kills: 90, seed: SEED, lanes: 2 });
    console.log(String(tally));
    expect(tally.violations).toEqual([]);
    expect(tally.kills).toBeGreaterThanOrEqual(90);
  });
});
