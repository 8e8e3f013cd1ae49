import { accessSync, constants, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Names the Python that runs the models, before any other is looked for. */
export const SIDECAR_PYTHON_VARIABLE = 'VIRNUCPRO_SIDECAR_PYTHON';
/** Written last by `virnucpro setup-models`: without it the environment is only half made. */
export const SETUP_STAMP = 'virnucpro-setup.json';

/** A Python that should have what the sidecar needs; whether it has is seen when it starts. */
export interface SidecarPython {
  /** Absolute path of the interpreter. */
  readonly command: string;
  /** `variable`: VIRNUCPRO_SIDECAR_PYTHON names it; `set-up`: `virnucpro setup-models` made it. */
  readonly origin: 'variable' | 'set-up';
}

/** Why there is none, and what to do about it. */
export interface NoSidecarPython {
  readonly problem: string;
}

/** Folder of the Python package `virnucpro_sidecar`, for PYTHONPATH: it always comes with the code that talks to it. */
export function sidecarSources(): string {
  return fileURLToPath(new URL('../../python', import.meta.url));
}

/** Folder of the virtual environment that `virnucpro setup-models` makes: `$XDG_DATA_HOME/virnucpro/python`. */
export function sidecarVenv(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_DATA_HOME'] || join(env['HOME'] || homedir(), '.local', 'share'), 'virnucpro', 'python');
}

/** The interpreter of that environment. */
export function venvPython(venv: string): string {
  return join(venv, 'bin', 'python');
}

/** Looks for the Python of the sidecar: VIRNUCPRO_SIDECAR_PYTHON, then what `virnucpro setup-models` has made. */
export function findSidecarPython(env: NodeJS.ProcessEnv = process.env): SidecarPython | NoSidecarPython {
  const named = env[SIDECAR_PYTHON_VARIABLE];
  if (named !== undefined && named !== '') return namedPython(named, env);
  const venv = sidecarVenv(env);
  const command = venvPython(venv);
  if (!isExecutable(command)) {
    return {
      problem: `no Python for the models: there is none at ${command}; make it with \`virnucpro setup-models\`, or name one that has torch with ${SIDECAR_PYTHON_VARIABLE}`,
    };
  }
  if (!existsSync(join(venv, SETUP_STAMP))) {
    return { problem: `the Python for the models in ${venv} is not complete; run \`virnucpro setup-models\` again` };
  }
  return { command, origin: 'set-up' };
}

function namedPython(named: string, env: NodeJS.ProcessEnv): SidecarPython | NoSidecarPython {
  const candidates = named.includes('/')
    ? [resolve(named)]
    : (env['PATH'] ?? '')
        .split(delimiter)
        .filter((folder) => isAbsolute(folder))
        .map((folder) => join(folder, named));
  const command = candidates.find(isExecutable);
  if (command !== undefined) return { command, origin: 'variable' };
  return {
    problem: `${SIDECAR_PYTHON_VARIABLE} names ${named}, which is no program that can be run; correct it, or leave it out and run \`virnucpro setup-models\``,
  };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
