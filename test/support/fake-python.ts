import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a fake Python pretends. */
export interface FakePythonOptions {
  /** @default 3.12.1 */
  version?: string;
  /** Printed by `-m venv`, which fails then. */
  venvFails?: string;
  /** Printed by pip to stderr, which fails then. */
  pipFails?: string;
  /** Packages that pip leaves out the first time. */
  pipForgets?: string;
  /** JSON that the probe prints. */
  probe?: object;
}

const PROBE = {
  python: '3.12.1',
  pythonTooOld: false,
  executable: '/venv/bin/python',
  packages: { torch: '2.9.1', numpy: '2.1.0' },
  missing: [],
  torch: { version: '2.9.1+cpu', cuda: null, cudaError: null, devices: [], nvidia: [] },
  weights: {},
};

/**
 * Writes a shell script that answers as a Python would, with its venv, pip and our modules, and notes every call. What pip
 * installs is a file in the environment.
 *
 * @returns its path; calls are lines of `{path}.calls`
 */
export function fakePython(folder: string, name: string, options: FakePythonOptions = {}): string {
  const { version = '3.12.1', venvFails, pipFails, pipForgets, probe = PROBE } = options;
  const path = join(folder, name);
  const fail = (text: string | undefined, otherwise: string) =>
    text === undefined ? otherwise : `printf '%s\\n' ${quoted(text)} >&2; exit 1`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    path,
    `#!/bin/sh
here=$(dirname "$0")/..
case "$1 $2" in
  *version*) echo "version ${version}"; exit 0 ;;
esac
if [ "$1 $2" = "-m venv" ]; then
  echo "venv" >> ${quoted(`${path}.calls`)}
  ${fail(venvFails, `mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && touch "$3/pyvenv.cfg"`)}
elif [ "$3" = install ]; then
  shift 3
  echo "pip $*" >> ${quoted(`${path}.calls`)}
  ${fail(pipFails, pipForgets === undefined ? 'touch "$here/installed"' : `[ -e ${quoted(`${path}.forgot`)} ] && touch "$here/installed"; touch ${quoted(`${path}.forgot`)}`)}
  exit 0
elif [ "$2 $3" = "virnucpro_sidecar.requirements list" ]; then
  printf 'torch>=2.4\\nnumpy>=1.26\\n'; shift 3; for extra in "$@"; do echo "$extra>=1"; done
elif [ "$2 $3" = "virnucpro_sidecar.requirements verify" ]; then
  [ -e "$here/installed" ] || { echo "torch is not installed"; exit 1; }
elif [ "$2" = virnucpro_sidecar.probe ]; then
  printf '%s\\n' 'a line of a library' ${quoted(JSON.stringify(probe))}
else
  echo "unexpected: $*" >&2; exit 99
fi
`,
  );
  chmodSync(path, 0o755);
  return path;
}

/** What was asked of it, in order: `venv` and `pip …`. */
export function callsOf(python: string): string[] {
  const file = `${python}.calls`;
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
