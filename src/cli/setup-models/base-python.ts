import { FailureType } from '../../contract/failure-types.ts';
import { VirnucproError } from '../../contract/virnucpro-error.ts';
import { runCommand } from '../../server/index.ts';

const LOWEST = [3, 10] as const;
/** What the models' packages are published for, newest last: a newer one is tried when nothing else is there. */
const CANDIDATES = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'] as const;

/** A Python that can make a virtual environment. */
export interface BasePython {
  readonly command: string;
  /** e.g. `3.11.2` */
  readonly version: string;
}

/**
 * The Python that is named, or the first one on PATH that is new enough.
 *
 * @throws VirnucproError `RunError.InvalidInput` if there is none, naming what was found instead
 */
export async function findBasePython(named: string | undefined): Promise<BasePython> {
  const tooOld: string[] = [];
  for (const command of named === undefined ? CANDIDATES : [named]) {
    const version = await versionOf(command);
    if (version === undefined) continue;
    if (isNewEnough(version)) return { command, version };
    tooOld.push(`${command} is ${version}`);
  }
  const needed = `Python ${LOWEST.join('.')} or newer is needed`;
  const where = named === undefined ? 'on PATH' : `at ${named}`;
  const found = tooOld.length > 0 ? tooOld.join(', ') : `there is no Python ${where}`;
  const todo = 'install one (Debian, Ubuntu: apt-get install python3 python3-venv), or name one with --python';
  throw new VirnucproError(FailureType.RunInvalidInput, `${needed}: ${found}; ${todo}`);
}

async function versionOf(command: string): Promise<string | undefined> {
  const program = 'import sys; print("version", "%d.%d.%d" % sys.version_info[:3])';
  const result = await runCommand(command, ['-c', program]).catch(() => undefined);
  return result?.status === 0 ? /^version (\d+\.\d+\.\d+)$/mu.exec(result.output)?.[1] : undefined;
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > LOWEST[0] || (major === LOWEST[0] && minor >= LOWEST[1]);
}
