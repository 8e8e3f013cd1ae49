import { join } from 'node:path';
import process from 'node:process';
import { findTemporal } from '../../src/server/bootstrap/find-temporal.mjs';
import { runCommand } from '../../src/server/bootstrap/run-command.mjs';
import { say } from './console.mjs';
import { nextflowProgram, pipelinesPython } from './pipelines.mjs';
import { ROOT } from './run.mjs';

/**
 * What a tier needs beyond Node: the variables that its tests get, or why it cannot run here.
 *
 * @typedef {{ env: NodeJS.ProcessEnv } | { missing: string }} Means
 */

/**
 * The test tiers in the order in which they run; each is a vitest project of the same name.
 *
 * @type {ReadonlyMap<string, () => Promise<Means>>}
 */
export const TIERS = new Map([
  ['unit', nothing],
  ['replay', nothing],
  ['package', nothing],
  ['interop', torch],
  ['models', models],
  ['integration', server],
  ['e2e', server],
  ['pipelines', pipelines],
  ['load', server],
]);

/**
 * Tiers that one vitest runs together, so that no processor waits for the last file of each: those that compute, those that
 * mostly wait, and those that measure.
 *
 * @type {readonly (readonly string[])[]}
 */
export const TIER_GROUPS = [
  ['unit', 'replay', 'package', 'interop', 'models'],
  ['integration', 'e2e', 'pipelines'],
  ['load'],
];

/** @returns {Promise<Means>} */
async function nothing() {
  return { env: {} };
}

/** @returns {Promise<Means>} */
async function server() {
  try {
    const { path } = await findTemporal({ log: say });
    return { env: { VIRNUCPRO_TEMPORAL_CLI: path } };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Every Python with torch: `VIRNUCPRO_PYTHON` may name several, separated by colons.
 *
 * @returns {Promise<Means>}
 */
async function torch() {
  const candidates = (process.env['VIRNUCPRO_PYTHON'] || '/usr/bin/python3:python3').split(':');
  const usable = [];
  for (const python of candidates) {
    const version = await torchVersion(python);
    if (version === undefined) {
      say(`interop: ${python} without torch, left out`);
      continue;
    }
    say(`interop: ${python} with torch ${version}`);
    usable.push(python);
  }
  if (usable.length > 0) return { env: { VIRNUCPRO_PYTHON: usable.join(':') } };
  const looked = candidates.join(', ');
  return { missing: `no Python with torch (looked at ${looked}); install python3-torch or set VIRNUCPRO_PYTHON` };
}

/**
 * @param {string} python
 * @returns {Promise<string | undefined>}
 */
async function torchVersion(python) {
  const program = 'import torch; print("torch", torch.__version__)';
  const result = await runCommand(python, ['-c', program]).catch(() => undefined);
  return result?.status === 0 ? /^torch (\S+)$/mu.exec(result.output)?.[1] : undefined;
}

/**
 * The Python of the models with what their tests need, and a server.
 *
 * @returns {Promise<Means>}
 */
async function models() {
  const { findSidecarPython } = await import('../../dist/platform/sidecar-python.js');
  const found = findSidecarPython();
  if ('problem' in found) return { missing: `${found.problem}. For the tests: npm run setup-models -- --extra test` };
  const python = found.command;
  const env = { ...process.env, PYTHONPATH: join(ROOT, 'python') };
  const args = ['-m', 'virnucpro_sidecar.requirements', 'check', 'test'];
  const { status, output } = await runCommand(python, args, { env });
  if (status !== 0)
    return { missing: `${python}: ${output.replaceAll('\n', ', ')}; npm run setup-models -- --extra test` };
  say(`models: ${python}`);
  const means = await server();
  return 'missing' in means ? means : { env: { ...means.env, VIRNUCPRO_SIDECAR_PYTHON: python } };
}

/**
 * A Python with temporalio and Snakemake, a server, and Nextflow where it is: its tests are skipped by name without.
 *
 * @returns {Promise<Means>}
 */
async function pipelines() {
  const python = pipelinesPython();
  if (python === undefined)
    return {
      missing: 'no Python with temporalio and Snakemake; npm run setup-pipelines, or VIRNUCPRO_PIPELINES_PYTHON',
    };
  say(`pipelines: ${python}`);
  const means = await server();
  if ('missing' in means) return means;
  return {
    env: { ...means.env, VIRNUCPRO_PIPELINES_PYTHON: python, VIRNUCPRO_NEXTFLOW: nextflowProgram() ?? '' },
  };
}
