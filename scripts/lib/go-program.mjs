import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import process from 'node:process';
import { cacheFolder } from '../../src/server/bootstrap/find-temporal.mjs';
import { withLockFile } from '../../src/server/bootstrap/lock-file.mjs';
import { runCommand } from '../../src/server/bootstrap/run-command.mjs';
import { say } from './console.mjs';

/**
 * Gives a program of a Go module from the cache of this package, where it is built with `go install` if it is not there.
 *
 * @param {{ name: string, source: string, version: string }} program `name`: of the file in the cache; `source`: import path
 * @returns {Promise<string>} path of the executable
 * @throws {Error} with the last lines of the build; naming Go if there is none
 */
export async function findGoProgram({ name, source, version }) {
  const folder = cacheFolder(process.env);
  const target = join(folder, `${name}-${version}-${process.platform}-${process.arch}`);
  await mkdir(folder, { recursive: true });
  return withLockFile(`${target}.lock`, async () => {
    const isThere = await access(target, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!isThere) await build(target, `${source}@${version}`, folder);
    say(`${name}: ${target}`);
    return target;
  });
}

/**
 * @param {string} target
 * @param {string} source
 * @param {string} folder
 */
async function build(target, source, folder) {
  say(`building ${source} with go install (5 minutes, once)`);
  const place = await mkdtemp(join(folder, '.build-'));
  try {
    const env = { ...process.env, GOBIN: place };
    const built = await runCommand('go', ['install', source], { cwd: place, env }).catch(
      (/** @type {unknown} */ error) => {
        throw new Error(`${source} has to be built: install Go (https://go.dev/dl)`, { cause: error });
      },
    );
    if (built.status !== 0) throw new Error(`go install ${source} failed: ${built.output}`);
    await rename(join(place, basename(source.split('@', 1)[0] ?? source)), target);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}
