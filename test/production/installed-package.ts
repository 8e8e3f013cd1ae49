import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { REPOSITORY } from '../support/repository.ts';

const run = promisify(execFile);

/** What the images have beside our package: names with their versions. */
const FURTHER_PACKAGE = /(?<=\s)@[a-z]+\/[a-z-]+@\S+/gu;

/**
 * Packs the built package and installs it as the Dockerfiles do. The files belong to the user of this process; others may
 * read them.
 *
 * @returns folder of its programs, for PATH
 */
export async function installPackage(app: string): Promise<string> {
  mkdirSync(app, { recursive: true });
  const options = ['--json', '--ignore-scripts', '--pack-destination', app];
  const { stdout } = await run('npm', ['pack', ...options], { cwd: REPOSITORY, maxBuffer: 1 << 26 });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  writeFileSync(join(app, 'package.json'), '{ "private": true }');
  const further = readFileSync(join(REPOSITORY, 'Dockerfile'), 'utf8').match(FURTHER_PACKAGE) ?? [];
  const packages = [join(app, filename), ...further];
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...packages], { cwd: app });
  chmodSync(app, 0o755);
  return join(app, 'node_modules', '.bin');
}
