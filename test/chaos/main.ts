import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Client } from '@temporalio/client';
import { connectClient, connectionSettings } from '../../src/client/index.ts';
import { startDevServer } from '../support/dev-server.ts';
import { killActivities } from './activity-kills.ts';
import type { Tally } from './tally.ts';
import { killWorkers } from './worker-kills.ts';

const USAGE = `npm run test:chaos -- [--kills N] [--seed S]
  kills processes with SIGKILL and compares with runs that nothing interrupts; 1,000 kills, seed at random and printed`;

/** Share of the kills that hit workers of a Temporal server; the others hit processes that run activities without one. */
const WORKER_SHARE = 0.05;

class UsageError extends Error {}

function integer(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0 && value < 2 ** 31) return value;
  throw new UsageError(`--${name} ${text}: expected an integer from 0 to 2^31 - 1`);
}

/** A Temporal server for the time of some work. */
async function withServer<T>(work: (place: { client: Client; address: string }) => Promise<T>): Promise<T> {
  const { address, stop } = await startDevServer();
  const client = await connectClient(connectionSettings({ address, namespace: 'default' }));
  try {
    return await work({ client, address });
  } finally {
    await client.connection.close();
    await stop();
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '1000' },
      seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    },
  });
  const kills = integer('kills', values.kills);
  const seed = integer('seed', values.seed);
  process.stdout.write(`seed ${seed}, ${kills} kills\n`);
  const tallies: Tally[] = [];
  const add = (tally: Tally) => {
    process.stdout.write(`${tally.toString()}\n`);
    tallies.push(tally);
  };
  const workerKills = Math.round(WORKER_SHARE * kills);
  add(await killActivities({ kills: kills - workerKills, seed, lanes: availableParallelism() }));
  add(await withServer(({ client, address }) => killWorkers({ kills: workerKills, seed, client, address })));
  return tallies.some(({ violations }) => violations.length > 0) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage = error instanceof UsageError || (error instanceof TypeError && 'code' in error);
  process.stderr.write(isUsage ? `${error.message}\n${USAGE}\n` : `${String((error as Error).stack ?? error)}\n`);
  process.exitCode = 1;
}
