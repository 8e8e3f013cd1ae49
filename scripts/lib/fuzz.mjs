import { join } from 'node:path';
import process from 'node:process';
import { ensureDependencies } from './dependencies.mjs';
import { ROOT, run, runOrThrow } from './run.mjs';

/**
 * Compiles the fuzzer with the sources it tests, because Node 20 loads no TypeScript, and runs it where nothing can make
 * code out of text.
 *
 * @param {readonly string[]} args
 * @returns {Promise<number>} exit code
 */
export async function fuzz(args) {
  await ensureDependencies();
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  await runOrThrow(process.execPath, [tsc, '-p', join('test', 'fuzz', 'tsconfig.json')]);
  const main = join('.cache', 'fuzz', 'test', 'fuzz', 'main.js');
  return run(process.execPath, ['--disallow-code-generation-from-strings', main, ...args]);
}
