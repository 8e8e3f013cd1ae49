import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A Python in which `import torch` works. */
export interface TorchPython {
  readonly path: string;
  readonly version: string;
  /** Major and minor as one number that compares: 2.9 is 2009. */
  readonly release: number;
}

/** `VIRNUCPRO_PYTHON` may name several, separated by colons. */
function candidates(): string[] {
  const configured = process.env['VIRNUCPRO_PYTHON'];
  if (configured !== undefined && configured !== '') return configured.split(':');
  return ['/usr/bin/python3', 'python3'];
}

function probe(path: string): TorchPython | undefined {
  const run = spawnSync(path, ['-c', 'import torch; print(torch.__version__)'], { encoding: 'utf8' });
  const version = run.status === 0 ? run.stdout.trim() : '';
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined || minor === undefined) return undefined;
  return { path, version, release: Number(major) * 1000 + Number(minor) };
}

/**
 * Every torch to test against, one of each version.
 *
 * @param tier printed with the reason where there is none, so that nothing is skipped silently
 */
export function torchPythons(tier: string): TorchPython[] {
  const found = candidates()
    .map(probe)
    .filter((python) => python !== undefined);
  const distinct = found.filter(
    ({ version }, index) => found.findIndex((other) => other.version === version) === index,
  );
  if (distinct.length === 0) {
    process.stderr.write(
      `SKIPPED ${tier}: no Python with torch among ${candidates().join(', ')}; ` +
        'install one (Debian: python3-torch) or set VIRNUCPRO_PYTHON\n',
    );
  }
  return distinct;
}

/** Runs a script of `test/interop`. @returns what it printed */
export function runTorch(
  python: TorchPython,
  script: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): string {
  const path = fileURLToPath(new URL(`../interop/${script}`, import.meta.url));
  return execFileSync(python.path, [path, ...args], {
    encoding: 'utf8',
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...env },
    maxBuffer: 1 << 28,
  });
}
