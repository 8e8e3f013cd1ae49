import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { SETUP_STAMP } from '../../platform/sidecar-python.ts';
import { runCommand } from '../../server/index.ts';
import type { BasePython } from './base-python.ts';

/** What an environment was made of; written when it is complete. */
export interface SetupStamp {
  schema: 1;
  /** Base of the environment. */
  python: string;
  requirements: string[];
  indexUrl: string | null;
}

/** @returns undefined if the environment is not complete */
export function readStamp(venv: string): SetupStamp | undefined {
  try {
    return JSON.parse(readFileSync(join(venv, SETUP_STAMP), 'utf8')) as SetupStamp;
  } catch {
    return undefined;
  }
}

/** Says that the environment is complete: under another name first, so that there is never half a stamp. */
export function writeStamp(venv: string, stamp: SetupStamp): void {
  const temporary = join(venv, `${SETUP_STAMP}.tmp`);
  const file = openSync(temporary, 'w');
  writeSync(file, `${JSON.stringify(stamp, undefined, 2)}\n`);
  fsyncSync(file);
  closeSync(file);
  renameSync(temporary, join(venv, SETUP_STAMP));
}

export function removeStamp(venv: string): void {
  rmSync(join(venv, SETUP_STAMP), { force: true });
}

/**
 * Removes an environment, whole or half made.
 *
 * @throws VirnucproError `RunError.InvalidInput` if the folder is something else
 */
export function removeEnvironment(venv: string): void {
  if (!existsSync(venv)) return;
  if (!existsSync(join(venv, 'pyvenv.cfg')) && readdirSync(venv).length > 0) {
    const message = `${venv} is in the way: it is no virtual environment of Python; move it, or set XDG_DATA_HOME to another folder`;
    throw new VirnucproError(FailureType.RunInvalidInput, message);
  }
  rmSync(venv, { recursive: true, force: true, maxRetries: 3 });
}

/**
 * Makes an empty environment with pip.
 *
 * @throws VirnucproError `RunError.InvalidInput` that says what is missing
 */
export async function makeEnvironment({ command, version }: BasePython, venv: string): Promise<void> {
  const { status, output } = await runCommand(command, ['-m', 'venv', venv]);
  if (status === 0) return;
  const [major, minor] = version.split('.');
  const packages = `apt-get install python3-venv, for another than the system's python${major}.${minor}-venv`;
  const why = /No module named '?venv|ensurepip/u.test(output)
    ? `it has no venv module with pip; install it (Debian, Ubuntu: ${packages}), then run this again`
    : output.split('\n').at(-1);
  throw new VirnucproError(
    FailureType.RunInvalidInput,
    `${command} (Python ${version}) cannot make a virtual environment: ${why}`,
  );
}

/** Python version that an environment was made with; undefined if it is none that works. */
export async function environmentVersion(python: string): Promise<string | undefined> {
  const program = 'import sys, pip; print("version", "%d.%d.%d" % sys.version_info[:3])';
  const result = await runCommand(python, ['-c', program]).catch(() => undefined);
  return result?.status === 0 ? /^version (\S+)$/mu.exec(result.output)?.[1] : undefined;
}
