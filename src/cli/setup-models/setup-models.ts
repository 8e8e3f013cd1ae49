import { statfsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { sidecarVenv, venvPython } from '../../platform/sidecar-python.ts';
import { withLockFile } from '../../server/index.ts';
import { probePython, type ProbedPython } from '../python/probe.ts';
import { runModule } from '../python/run-module.ts';
import { findBasePython } from './base-python.ts';
import {
  environmentVersion,
  makeEnvironment,
  readStamp,
  removeEnvironment,
  removeStamp,
  writeStamp,
  type SetupStamp,
} from './environment.ts';
import { pipInstall } from './pip.ts';

/** The version that the models are tested with; the newest may be built for a CUDA that the driver is too old for. */
export const DEFAULT_TORCH = '2.9.1';
/** torch for CUDA, unpacked, with what it downloads. */
const ROOM_BYTES = 8e9;

export interface SetupRequest {
  /** Interpreter to make the environment with. @default the first on PATH that is new enough */
  python?: string;
  /** Package index instead of pip's own. */
  indexUrl?: string;
  /** Exact version of torch. @default 2.9.1 */
  torch?: string;
  /** Optional dependencies of python/pyproject.toml, e.g. `test`. */
  extras?: readonly string[];
  /** @default the folder in which the models' Python is looked for */
  venv?: string;
  log: (line: string) => void;
}

/**
 * Makes the Python environment of the models, or completes it. What is there is kept, so a call that was killed is taken up
 * by the next one.
 *
 * @returns what it has now
 * @throws VirnucproError `RunError.InvalidInput` that says what is missing and what to do
 */
export async function setUpModels(request: SetupRequest): Promise<ProbedPython> {
  const venv = request.venv ?? sidecarVenv();
  await mkdir(dirname(venv), { recursive: true });
  const waiting = (holder: number) => request.log(`process ${holder} is setting up ${venv}; waiting for it`);
  return withLockFile(`${venv}.lock`, () => setUp(venv, request), waiting);
}

async function setUp(venv: string, request: SetupRequest): Promise<ProbedPython> {
  const { log } = request;
  const isNew = await ensureEnvironment(venv, request);
  const stamp = await wantedStamp(venv, request);
  if (sameStamp(readStamp(venv), stamp) && (await troubles(venv, request)).length === 0) {
    log(`${venv} is set up already`);
    return probePython(venvPython(venv), {});
  }
  removeStamp(venv);
  warnOfSpace(venv, log);
  await install(venv, stamp, request);
  const wrong = await troubles(venv, request);
  if (wrong.length > 0 && isNew) throw new VirnucproError(FailureType.RunInvalidInput, `${venv}: ${wrong.join('; ')}`);
  if (wrong.length > 0) {
    log(`${venv} was left half made (${wrong[0]}); making it anew`);
    removeEnvironment(venv);
    return setUp(venv, request);
  }
  const probed = await importAll(venv);
  writeStamp(venv, stamp);
  return probed;
}

/** @returns whether it was made just now */
async function ensureEnvironment(venv: string, { python, log }: SetupRequest): Promise<boolean> {
  const found = await environmentVersion(venvPython(venv));
  const base = found === undefined || python !== undefined ? await findBasePython(python) : undefined;
  if (base === undefined || (found !== undefined && sameMinor(found, base.version))) return false;
  removeEnvironment(venv);
  log(`making a virtual environment of Python ${base.version} in ${venv}`);
  await makeEnvironment(base, venv);
  return true;
}

function sameMinor(one: string, other: string): boolean {
  return one.split('.').slice(0, 2).join('.') === other.split('.').slice(0, 2).join('.');
}

async function wantedStamp(venv: string, request: SetupRequest): Promise<SetupStamp> {
  const python = venvPython(venv);
  const { torch = DEFAULT_TORCH, extras = [], indexUrl } = request;
  const { status, stdout, stderr } = await runModule(python, 'requirements', ['list', ...extras]);
  if (status !== 0) {
    throw new VirnucproError(FailureType.RunInvalidInput, `${python}: ${stderr.trim().split('\n').at(-1)}`);
  }
  const requirements = [...stdout.trim().split('\n'), `torch==${torch}`];
  const version = (await environmentVersion(python)) ?? 'unknown';
  return { schema: 1, python: version, requirements, indexUrl: indexUrl ?? null };
}

function sameStamp(one: SetupStamp | undefined, other: SetupStamp): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Sentences: what is missing, too old or half installed. */
async function troubles(venv: string, { extras = [] }: SetupRequest): Promise<string[]> {
  const { status, stdout, stderr } = await runModule(venvPython(venv), 'requirements', ['verify', ...extras]);
  if (status === 0) return [];
  const lines = stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '');
  return lines.length > 0 ? lines : [stderr.trim().split('\n').at(-1) ?? `ended with ${status}`];
}

async function install(venv: string, { requirements, indexUrl }: SetupStamp, { log }: SetupRequest): Promise<void> {
  log(`installing ${requirements.join(', ')} (torch for CUDA is a download of about 3 GB)`);
  const python = venvPython(venv);
  await pipInstall({ python, requirements, indexUrl: indexUrl ?? undefined, log: (line) => log(`  ${line}`) });
}

async function importAll(venv: string): Promise<ProbedPython> {
  const probed = await probePython(venvPython(venv), {});
  const { error } = probed.torch;
  if (error === undefined) return probed;
  throw new VirnucproError(FailureType.RunInvalidInput, `${venv}: torch is installed but cannot be imported: ${error}`);
}

function warnOfSpace(venv: string, log: (line: string) => void): void {
  const { bavail, bsize } = statfsSync(dirname(venv));
  const free = bavail * bsize;
  if (free >= ROOM_BYTES) return;
  log(
    `only ${(free / 1e9).toFixed(1)} GB are free in ${dirname(venv)}: torch with CUDA needs about ${ROOM_BYTES / 1e9} GB`,
  );
}
