import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { entryUrl } from '../../platform/entry-url.ts';
import { SHUTDOWN_FORCE_MS } from '../../worker/shutdown.ts';
import type { Gpu } from './gpu-list.ts';
import type { ProcessEnd, StartedProcess } from './keep-running.ts';
import { eachLine } from './each-line.ts';

/** Workers end by themselves before; then they are killed. */
export const STOP_TIMEOUT_MS = SHUTDOWN_FORCE_MS + 5000;

/**
 * Starts `virnucpro worker` with one GPU, in a session of its own: Ctrl-C at the terminal reaches the supervisor alone. It
 * is told to end by closing its channel, not by a signal: a second SIGTERM, where the batch system has sent one to
 * every process, would kill it in the middle. The channel closes by itself when the supervisor dies.
 *
 * @param args of `virnucpro worker`
 * @param relay takes what it prints, line by line
 */
export function startGpuWorker(
  { name, device }: Gpu,
  args: readonly string[],
  relay: (line: string, gpu: string) => void,
): StartedProcess {
  const main = fileURLToPath(entryUrl(import.meta.url, '../main.js'));
  const child = spawn(process.execPath, [main, 'worker', ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: environment(device),
  });
  for (const output of [child.stdout, child.stderr]) eachLine(output as Readable, (line) => relay(line, name));
  return { ended: endOf(child), stop: () => stop(child), kill: () => void child.kill('SIGKILL') };
}

/** Numbers mean what nvidia-smi shows: CUDA by itself would count the fastest device first. */
function environment(device: string): NodeJS.ProcessEnv {
  return { CUDA_DEVICE_ORDER: 'PCI_BUS_ID', ...process.env, CUDA_VISIBLE_DEVICES: device };
}

function endOf(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once('error', () => resolve({ code: null, signal: null }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

function stop(child: ChildProcess): void {
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  child.once('exit', () => clearTimeout(timer));
}
