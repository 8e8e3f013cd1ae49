import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';

/** Lines of its error output that are looked at when it fails. */
const TAIL_LINES = 40;

/**
 * pip, which ends with the process that has started it (Linux: PR_SET_PDEATHSIG, 1): one that is left behind by a kill
 * would work on the environment beside the next one.
 */
const PROGRAM = `
import runpy, sys
try:
    import ctypes
    ctypes.CDLL(None).prctl(1, 9)
except Exception:
    pass
runpy.run_module("pip", run_name="__main__", alter_sys=True)
`;

export interface PipOptions {
  /** Interpreter of the environment. */
  python: string;
  requirements: readonly string[];
  indexUrl?: string | undefined;
  /** Takes what pip says, line by line. */
  log: (line: string) => void;
}

/**
 * `pip install`, which leaves alone what is there already.
 *
 * @throws VirnucproError `RunError.InvalidInput` that says why it failed and what to do
 */
export async function pipInstall({ python, requirements, indexUrl, log }: PipOptions): Promise<void> {
  const from = indexUrl === undefined ? [] : ['--index-url', indexUrl];
  const quiet = ['--disable-pip-version-check', '--no-input', '--progress-bar', 'off'];
  const args = ['-c', PROGRAM, 'install', ...quiet, ...from, ...requirements];
  const child = spawn(python, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const errors: string[] = [];
  createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY }).on('line', log);
  createInterface({ input: child.stderr, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
    log(line);
    errors.push(line);
    if (errors.length > TAIL_LINES) errors.shift();
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (status !== 0) throw new VirnucproError(FailureType.RunInvalidInput, explainPip(errors, status));
}

/** What pip prints, and what a person can do about it; the first that fits. */
const EXPLANATIONS: readonly (readonly [RegExp, string])[] = [
  [
    /No space left on device|Disk quota exceeded/u,
    'the disk is full: torch with CUDA needs about 8 GB while it is installed, some of it in TMPDIR; free some space, or set XDG_DATA_HOME and TMPDIR to folders on a larger disk',
  ],
  [
    /CERTIFICATE_VERIFY_FAILED|SSLError/u,
    'the certificate of the package index is not trusted: name the right one with PIP_CERT',
  ],
  [
    /NewConnectionError|Name or service not known|name resolution|Connection refused|Network is unreachable|ProxyError|timed out/iu,
    'the package index cannot be reached: name another one with --index-url (or PIP_INDEX_URL), a proxy with HTTPS_PROXY, or a folder of downloaded packages with PIP_FIND_LINKS',
  ],
  [
    /No matching distribution found/u,
    'the package index has no such package for this Python and this machine: name another Python with --python, another version with --torch, or another index with --index-url',
  ],
  [/ResolutionImpossible|conflicting dependencies/u, 'these versions exclude each other: leave --torch out'],
  [/Permission denied/u, 'this user may not write there: set XDG_DATA_HOME to a folder that it may'],
];

/** @param errors the last lines of pip's error output */
export function explainPip(errors: readonly string[], status: number | null): string {
  const text = errors.join('\n');
  const [, why] = EXPLANATIONS.find(([pattern]) => pattern.test(text)) ?? [];
  const said = errors.filter((line) => line.trim() !== '').slice(-3);
  const how = status === null ? 'was killed' : `ended with ${status}`;
  return `pip ${how}: ${why ?? 'see what it says'}${said.length === 0 ? '' : ` (it said: ${said.join(' / ')})`}`;
}
