import { randomInt } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { torchPythons } from '../support/torch-python.ts';
import { checkInput, checkTwin } from './check-input.ts';
import { compareWithPython } from './differential.ts';
import { fuzzInput } from './fuzz-input.ts';
import { runInThreads } from './fuzz-pool.ts';
import { FuzzReport } from './fuzz-report.ts';
import { hostileReport } from './hostile-report.ts';
import { loadSeeds } from './seeds.ts';
import { packageUnderTest } from './subject.ts';

const USAGE = `npm run fuzz -- [--seed S] [--count N] [--threads T]   N random inputs (20,000), seed at random and printed
npm run fuzz -- --seed S --index I                     one of them again, in this thread, written to a file
npm run fuzz -- --differential [--seed S] [--count N]  N mutated archives (10,000) also read by zipfile and torch
npm run fuzz -- --hostile                              what hostile pickles, ZIP tricks and resource bombs cost`;

const FIXTURES = join('test', 'fixtures');
const PYTHON_SCRIPT = join('test', 'interop', 'parser_differential.py');
/** Where the sources are that this was compiled with. */
const SOURCES = fileURLToPath(new URL('../../src', import.meta.url));
/** Git ignores it. */
const FAILURES = join('.cache', 'fuzz-failures');

class UsageError extends Error {}

function integer(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0 && value < 2 ** 31) return value;
  throw new UsageError(`--${name} ${text}: expected an integer from 0 to 2^31 - 1`);
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

/** Archives that are compared in one Python process. */
const BATCH = 2000;

async function differential(seed: number, count: number): Promise<number> {
  const seeds = await loadSeeds(FIXTURES);
  const pythons = torchPythons('differential');
  let [compared, different] = [0, 0];
  for (const python of pythons) {
    for (let start = 0; start < count; start += BATCH) {
      const inputs = { seed, start, count: Math.min(BATCH, count - start), seeds };
      const { accepted, refusedByTorch, differences } = compareWithPython(python, PYTHON_SCRIPT, inputs);
      compared += inputs.count;
      different += differences.length;
      const refused = [...refusedByTorch.values()].reduce((sum, of) => sum + of, 0);
      process.stdout.write(
        `torch ${python.version}, from ${start}: ${accepted} accepted, ${refused} of them refused by torch\n`,
      );
      for (const difference of differences) process.stdout.write(`DIFFERENCE: ${difference.slice(0, 2000)}\n`);
    }
  }
  process.stdout.write(`seed ${seed}: ${compared} archives, ${different} differences\n`);
  return different > 0 || compared === 0 ? 1 : 0;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      count: { type: 'string' },
      index: { type: 'string' },
      differential: { type: 'boolean', default: false },
      hostile: { type: 'boolean', default: false },
      threads: { type: 'string', default: String(availableParallelism()) },
    },
  });
  if (values.hostile) return hostileReport(SOURCES);
  const seed = values.seed === undefined ? randomInt(2 ** 31) : integer('seed', values.seed);
  if (values.differential) return differential(seed, integer('count', values.count ?? '10000'));
  if (values.index !== undefined) return reproduce(seed, integer('index', values.index));
  return fuzz(seed, integer('count', values.count ?? '20000'), Math.max(1, integer('threads', values.threads)));
}

try {
  process.exitCode = await main();
} catch (error) {
  // A defect that --index brings back is wanted with its stack.
  const isUsage = error instanceof UsageError || (error instanceof TypeError && 'code' in error);
  process.stderr.write(
    isUsage ? `${error.message}\n${USAGE}\n` : `${error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exitCode = 1;
}
