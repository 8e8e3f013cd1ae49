import { spawn } from 'node:child_process';
import { sidecarSources } from '../../platform/sidecar-python.ts';

/** A first import of torch from a cold disk or a network share. */
const TIMEOUT_MS = 180_000;

/** What a module printed, and how it ended. */
export interface ModuleResult {
  status: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs a module of the package `virnucpro_sidecar` to its end.
 *
 * @throws errno errors if the interpreter cannot be started
 */
export async function runModule(python: string, name: string, args: readonly string[]): Promise<ModuleResult> {
  const child = spawn(python, ['-m', `virnucpro_sidecar.${name}`, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PYTHONPATH: sidecarSources(), PYTHONDONTWRITEBYTECODE: '1' },
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { status, stdout, stderr };
}
