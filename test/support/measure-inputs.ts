import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What reading inputs cost, at level `deep`. */
export interface InputCosts {
  readonly measured: readonly { readonly outcome: string; readonly ms: number; readonly cpuMs: number }[];
  /** Bytes that were resident at the most, beyond what was before the first of them. */
  readonly growth: number;
  /** Codes of `checkSource`, `valid` where it found nothing. */
  readonly judged: readonly string[];
  /** The same as {@link growth}, with what `checkSource` took. */
  readonly growthOfAll: number;
}

/** No input may make code out of text, write a file, or start a process or a thread. */
const SANDBOX = [
  '--disallow-code-generation-from-strings',
  process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission',
  '--allow-fs-read=*',
  '--allow-fs-write=/proc/self/clear_refs',
];

/**
 * Reads inputs in a fresh process that may do nothing but read (Linux).
 *
 * @param script path of measure-inputs.mjs
 * @param library URL of the folder of the compiled sources
 * @param unknownGlobals as the option of the reader
 */
export function measureInputs(
  script: string,
  library: URL,
  inputs: readonly Buffer[],
  unknownGlobals = 'refuse',
): InputCosts {
  const folder = mkdtempSync(join(tmpdir(), 'virnucpro-inputs-'));
  try {
    const file = join(folder, 'inputs');
    const parts = inputs.flatMap((bytes) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    });
    writeFileSync(file, Buffer.concat(parts));
    const args = [...SANDBOX, '--expose-gc', '--no-warnings', script, library.href, file, unknownGlobals];
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      timeout: 300_000,
      killSignal: 'SIGKILL',
    });
    if (status !== 0) throw new Error(`ended with ${status ?? signal}: ${stderr.slice(0, 2000)}`);
    return JSON.parse(stdout) as InputCosts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
