/**
 * Finds the Temporal development server, or makes it.
 *
 * This folder is plain JavaScript with checked JSDoc types, because it has two callers: the scripts of the repository, which
 * run before anything is installed or built, and the built command. `tsc` copies it to `dist/` and writes its types.
 */
import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { buildTemporal } from './build-temporal.mjs';
import { downloadTemporal } from './download-temporal.mjs';
import { withLockFile } from './lock-file.mjs';
import { runCommand } from './run-command.mjs';

/** The newest tag that `go install` accepts: later ones carry `replace` directives. The download is of the same version. */
export const TEMPORAL_CLI_VERSION = 'v1.5.1';

/** A first start from a cold disk reads 250 MB. */
const VERSION_TIMEOUT_MS = 60_000;

/** Variables that say that the user has a server of their own. */
const SERVER_VARIABLES = ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE'];

/**
 * @typedef {object} TemporalCli
 * @property {string} path absolute, unless `VIRNUCPRO_TEMPORAL_CLI` or PATH gives a relative one
 * @property {'VIRNUCPRO_TEMPORAL_CLI' | 'PATH' | 'cache' | 'download' | 'go'} origin
 * @property {string} version the line that `--version` printed
 */

/**
 * @typedef {object} FindOptions
 * @property {NodeJS.ProcessEnv} [env] default: that of the process
 * @property {(line: string) => void} [log] told what is looked at and done; default: stderr
 * @property {string} [downloadBase]
 */

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined} `NAME=value` of the variable that names a server of the user's; nothing is started then
 */
export function configuredServer(env) {
  const name = SERVER_VARIABLES.find((variable) => env[variable]);
  return name === undefined ? undefined : `${name}=${env[name]}`;
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {string} folder that keeps what was downloaded or built, `$XDG_CACHE_HOME/virnucpro`
 */
export function cacheFolder(env) {
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'virnucpro');
}

/**
 * Looks at `VIRNUCPRO_TEMPORAL_CLI`, PATH and the cache, then downloads (unless `VIRNUCPRO_OFFLINE` is set), then builds
 * with Go. What was downloaded or built is kept in the cache.
 *
 * @param {FindOptions} [options]
 * @returns {Promise<TemporalCli>}
 * @throws {Error} naming what was tried and the three ways out
 */
export async function findTemporal({ env = process.env, log = logToStderr, downloadBase } = {}) {
  const ready = await lookForTemporal({ env, log });
  if (ready) return ready;

  const cached = cachedExecutable(env);
  log(`no \`temporal\` on PATH and none at ${cached}`);
  await mkdir(cacheFolder(env), { recursive: true });
  return withLockFile(
    `${cached}.lock`,
    async () =>
      (await usable(cached, 'cache', log)) ?? make(cached, { env, log, ...(downloadBase && { downloadBase }) }),
    (holder) => log(`process ${holder} is getting the Temporal server; waiting for it`),
  );
}

/**
 * The part of {@link findTemporal} that makes nothing.
 *
 * @param {Pick<FindOptions, 'env' | 'log'>} [options]
 * @returns {Promise<TemporalCli | undefined>} undefined if one would have to be downloaded or built
 * @throws {Error} if `VIRNUCPRO_TEMPORAL_CLI` names something else
 */
export async function lookForTemporal({ env = process.env, log = logToStderr } = {}) {
  const explicit = env['VIRNUCPRO_TEMPORAL_CLI'];
  if (explicit) return { path: explicit, origin: 'VIRNUCPRO_TEMPORAL_CLI', version: await versionOf(explicit) };
  return (await findOnPath(env, log)) ?? (await usable(cachedExecutable(env), 'cache', log));
}

/** @param {NodeJS.ProcessEnv} env */
function cachedExecutable(env) {
  return join(cacheFolder(env), `temporal-${TEMPORAL_CLI_VERSION}-${process.platform}-${process.arch}`);
}

/**
 * @param {string} target
 * @param {{ env: NodeJS.ProcessEnv, log: (line: string) => void, downloadBase?: string }} options
 * @returns {Promise<TemporalCli>}
 */
async function make(target, { env, log, downloadBase }) {
  /** @type {string[]} */
  const tried = [];
  if (env['VIRNUCPRO_OFFLINE']) {
    tried.push('download: VIRNUCPRO_OFFLINE is set');
  } else {
    log(`downloading the Temporal server ${TEMPORAL_CLI_VERSION}`);
    try {
      await downloadTemporal({ version: TEMPORAL_CLI_VERSION, target, ...(downloadBase && { base: downloadBase }) });
      return { path: target, origin: 'download', version: await versionOf(target) };
    } catch (error) {
      tried.push(`download: ${reasonOf(error)}`);
      log(`cannot download it: ${reasonOf(error)}`);
    }
  }
  try {
    await buildTemporal({ version: TEMPORAL_CLI_VERSION, target, env, log });
    return { path: target, origin: 'go', version: await versionOf(target) };
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    tried.push(`go install: ${missing ? 'no `go` on PATH' : reasonOf(error)}`);
  }
  throw new Error(nothingFound(target, tried));
}

/**
 * @param {string} target
 * @param {string[]} tried
 */
function nothingFound(target, tried) {
  return [
    'no Temporal server was found and none could be made:',
    `  PATH: no \`temporal\``,
    `  cache: nothing usable at ${target}`,
    ...tried.map((line) => `  ${line}`),
    'Ways out, any one of them:',
    '  1. have a server: set TEMPORAL_ADDRESS=host:7233 (or TEMPORAL_PROFILE)',
    '  2. have the Temporal CLI: put `temporal` on PATH (https://docs.temporal.io/cli) or its path in VIRNUCPRO_TEMPORAL_CLI',
    '  3. have it made here: allow access to temporal.download, or install Go (https://go.dev/dl) and run this again',
  ].join('\n');
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {(line: string) => void} log
 */
async function findOnPath(env, log) {
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    const found = folder && (await usable(join(folder, 'temporal'), 'PATH', log));
    if (found) return found;
  }
  return undefined;
}

/**
 * @param {string} path
 * @param {'PATH' | 'cache'} origin
 * @param {(line: string) => void} log
 * @returns {Promise<TemporalCli | undefined>}
 */
async function usable(path, origin, log) {
  try {
    await access(path, constants.X_OK);
  } catch {
    return undefined;
  }
  try {
    return { path, origin, version: await versionOf(path) };
  } catch (error) {
    log(`passing over ${path}: ${reasonOf(error)}`);
    return undefined;
  }
}

/**
 * @param {string} path
 * @throws {Error} if this is not a Temporal CLI that runs here
 */
async function versionOf(path) {
  const { status, output } = await runCommand(path, ['--version'], { timeoutMs: VERSION_TIMEOUT_MS }).catch(
    (/** @type {unknown} */ error) => {
      throw new Error(`${path} cannot be run: ${reasonOf(error)}`, { cause: error });
    },
  );
  if (status !== 0 || !output.startsWith('temporal version')) {
    throw new Error(
      `${path} is not the Temporal CLI: \`--version\` gave ${status}, ${JSON.stringify(output.slice(0, 200))}`,
    );
  }
  return output.split('\n', 1)[0] ?? output;
}

/**
 * @param {unknown} error
 * @returns {string} the message, with that of the cause: `fetch` hides the reason there
 */
function reasonOf(error) {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

/** @param {string} line */
function logToStderr(line) {
  process.stderr.write(`${line}\n`);
}
