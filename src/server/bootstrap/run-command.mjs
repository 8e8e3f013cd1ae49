import { spawn } from 'node:child_process';

/** What is kept of a command's output for the error message. */
const TAIL_CHARS = 2000;

/**
 * @typedef {object} CommandResult
 * @property {number} status exit status; 128 + signal is not modelled, a killed command gives 1
 * @property {string} output stdout and stderr together, the last 2,000 characters
 */

/**
 * Runs a command to its end and keeps what it printed.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string, timeoutMs?: number }} [options]
 * @returns {Promise<CommandResult>}
 * @throws the errno error if the command cannot be started
 */
export function runCommand(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.env && { env: options.env }),
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      ...(options.timeoutMs !== undefined && { timeout: options.timeoutMs, killSignal: 'SIGKILL' }),
    });
    let output = '';
    /** @param {Buffer} chunk */
    const keep = (chunk) => {
      output = (output + chunk.toString()).slice(-TAIL_CHARS);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', reject);
    child.once('close', (status) => resolve({ status: status ?? 1, output: output.trim() }));
  });
}
