import { randomInt } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkInput, checkTwin } from './check-input.ts';
import { fuzzInput } from './fuzz-input.ts';
import { runInThreads } from './fuzz-pool.ts';
import { FuzzReport } from './fuzz-report.ts';
import { hostileReport } from './hostile-report.ts';
import { loadSeeds } from './seeds.ts';
import { packageUnderTest } from './subject.ts';

const USAGE = `npm run fuzz -- [--seed S] [--count N] [--threads T]   N random inputs (20,000), seed at random and printed
npm run fuzz -- --seed S --index I                     one of them again, in this thread, written to a file
npm run fuzz -- --hostile                              what hostile pickles, ZIP tricks and resource bombs cost`;

const FIXTURES = join('test', 'fixtures');
/** Where the sources are that this was compiled with. */
const SOURCES = fileURLToPath(new URL('../../src', import.meta.url));
/** Git ignores it. */
const FAILURES = join('.cache', 'fuzz-failures');

function integer(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0 && value < 2 ** 31) return value;
  throw new Error(`--${name} ${text}: expected an integer from 0 to 2^31 - 1\n${USAGE}`);
}

async function fuzz(seed: number, count: number, threads: number): Promise<number> {
  process.stderr.write(`seed ${seed}, ${count} inputs, ${threads} threads\n`);
  const report = new FuzzReport({ seed, count, folder: FAILURES, seeds: await loadSeeds(FIXTURES) });
  await runInThreads({ seed, count, threads, fixtures: FIXTURES, onResult: (result) => report.add(result) });
  return report.finish();
}

async function reproduce(seed: number, index: number): Promise<number> {
  const { family, bytes, twin } = fuzzInput(seed, index, await loadSeeds(FIXTURES));
  mkdirSync(FAILURES, { recursive: true });
  const path = join(FAILURES, `seed-${seed}-index-${index}.pt`);
  writeFileSync(path, bytes);
  process.stdout.write(`${family}, ${bytes.length} bytes, ${path}\n`);
  process.stdout.write(`${checkInput(bytes, packageUnderTest)}\n`);
  if (twin !== undefined) checkTwin(bytes, twin, packageUnderTest);
  return 0;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      count: { type: 'string', default: '20000' },
      index: { type: 'string' },
      hostile: { type: 'boolean', default: false },
      threads: { type: 'string', default: String(availableParallelism()) },
    },
  });
  if (values.hostile) return hostileReport(SOURCES);
  const seed = values.seed === undefined ? randomInt(2 ** 31) : integer('seed', values.seed);
  if (values.index !== undefined) return reproduce(seed, integer('index', values.index));
  return fuzz(seed, integer('count', values.count), Math.max(1, integer('threads', values.threads)));
}

process.exitCode = await main();
