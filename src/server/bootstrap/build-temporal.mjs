import { mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { runCommand } from './run-command.mjs';

const PROGRESS_MS = 15_000;

/**
 * Builds the Temporal CLI with `go install`.
 *
 * @param {{ version: string, target: string, env: NodeJS.ProcessEnv, log: (line: string) => void }} request
 * `target`: path of the executable, replaced atomically
 * @returns {Promise<void>}
 * @throws {Error} with the last lines of the build if it fails; with code ENOENT if there is no Go
 */
export async function buildTemporal({ version, target, env, log }) {
  const go = await runCommand('go', ['version'], { env });
  if (go.status !== 0) throw new Error(`\`go version\` failed: ${go.output}`);
  const source = `github.com/temporalio/cli/cmd/temporal@${version}`;
  log(`building the Temporal server with ${go.output}: go install ${source} (about 3 minutes, once)`);

  const folder = await mkdtemp(join(dirname(target), '.build-'));
  const started = process.hrtime.bigint();
  const seconds = () => Number((process.hrtime.bigint() - started) / 1_000_000_000n);
  const progress = setInterval(() => log(`still building the Temporal server (${seconds()} s)`), PROGRESS_MS);
  try {
    const built = await runCommand('go', ['install', source], { cwd: folder, env: { ...env, GOBIN: folder } });
    if (built.status !== 0) throw new Error(`go install ${source} failed: ${built.output}`);
    await rename(join(folder, 'temporal'), target);
    log(`built the Temporal server in ${seconds()} s`);
  } finally {
    clearInterval(progress);
    await rm(folder, { recursive: true, force: true });
  }
}
