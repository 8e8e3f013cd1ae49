import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { killActivities } from './activity-kills.ts';
import type { Tally } from './tally.ts';

const USAGE = `npm run test:chaos -- [--kills N] [--seed S] [--only activities]
  kills processes with SIGKILL and compares with runs that nothing interrupts; 1,000 kills, seed at random and printed`;

class UsageError extends Error {}

function integer(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0 && value < 2 ** 31) return value;
  throw new UsageError(`--${name} ${text}: expected an integer from 0 to 2^31 - 1`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '1000' },
      seed: { type: 'string', default: String(randomInt(2 ** 31)) },
      only: { type: 'string' },
    },
  });
  const kills = integer('kills', values.kills);
  const seed = integer('seed', values.seed);
  process.stdout.write(`seed ${seed}, ${kills} kills\n`);
  const tallies: Tally[] = [];
  const add = (tally: Tally) => {
    process.stdout.write(`${tally}\n`);
    tallies.push(tally);
  };
  add(await killActivities({ kills, seed, lanes: availableParallelism() }));
  return tallies.some(({ violations }) => violations.length > 0) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage = error instanceof UsageError || (error instanceof TypeError && 'code' in error);
  process.stderr.write(isUsage ? `${error.message}\n${USAGE}\n` : `${String((error as Error).stack ?? error)}\n`);
  process.exitCode = 1;
}
