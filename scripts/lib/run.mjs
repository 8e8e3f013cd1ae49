import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** Root of the repository. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The terminal sends Ctrl-C to the command as well: it ends first, and its status becomes ours. */
function ignore() {}

/**
 * Runs a command in the root of the repository with the terminal of this process.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, stdout?: 'inherit' | 'stderr' }} [options] `stdout: 'stderr'`: keep our stdout for results
 * @returns {Promise<number>} exit status, 128 + signal number for a command that was killed
 */
export function run(command, args, { env = process.env, stdout = 'inherit' } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env,
      stdio: ['inherit', stdout === 'stderr' ? 2 : 'inherit', 'inherit'],
    });
    process.on('SIGINT', ignore);
    const forward = () => child.kill('SIGTERM');
    process.on('SIGTERM', forward);
    child.once('error', reject);
    child.once('close', (status, signal) => {
      process.off('SIGINT', ignore);
      process.off('SIGTERM', forward);
      resolve(status ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 * @throws {Error} if it does not end with 0
 */
export async function runOrThrow(command, args, options) {
  const status = await run(command, args, options);
  if (status !== 0) throw new Error(`\`${[command, ...args].join(' ')}\` ended with ${status}`);
}
