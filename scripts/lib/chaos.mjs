import { join } from 'node:path';
import process from 'node:process';
import { findTemporal } from '../../src/server/bootstrap/find-temporal.mjs';
import { ensureBuild } from './build.mjs';
import { say } from './console.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { ROOT, run, runOrThrow } from './run.mjs';

/**
 * Kills processes of the built package by the thousand. The killer is compiled with the sources that it judges by, because
 * Node 20 loads no TypeScript.
 *
 * @param {readonly string[]} args
 * @returns {Promise<number>} exit code
 */
export async function chaos(args) {
  await ensureDependencies();
  await ensureBuild();
  const { path } = await findTemporal({ log: say });
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  await runOrThrow(process.execPath, [tsc, '-p', join('test', 'chaos', 'tsconfig.json')]);
  const main = join('.cache', 'chaos', 'test', 'chaos', 'main.js');
  return run(process.execPath, [main, ...args], { env: { ...process.env, VIRNUCPRO_TEMPORAL_CLI: path } });
}
