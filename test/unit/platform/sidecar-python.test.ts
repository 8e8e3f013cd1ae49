import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findSidecarPython, SETUP_STAMP, sidecarVenv, venvPython } from '../../../src/platform/sidecar-python.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function executable(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '#!/bin/sh\n');
  chmodSync(path, 0o755);
  return path;
}

describe('findSidecarPython', () => {
  it('VIRNUCPRO_SIDECAR_PYTHON with a path → that program, even where an environment is set up', async () => {
    const home = await temporaryFolder();
    const env = { XDG_DATA_HOME: home };
    executable(venvPython(sidecarVenv(env)));
    writeFileSync(join(sidecarVenv(env), SETUP_STAMP), '{}');
    const named = executable(join(home, 'my', 'python'));
    expect(findSidecarPython({ ...env, VIRNUCPRO_SIDECAR_PYTHON: named })).toEqual({
      command: named,
      origin: 'variable',
    });
  });

  it('VIRNUCPRO_SIDECAR_PYTHON with a name → the first of PATH', async () => {
    const folder = await temporaryFolder();
    const named = executable(join(folder, 'b', 'python3.99'));
    const env = { VIRNUCPRO_SIDECAR_PYTHON: 'python3.99', PATH: `${folder}/a:${folder}/b` };
    expect(findSidecarPython(env)).toEqual({ command: named, origin: 'variable' });
  });

  it('VIRNUCPRO_SIDECAR_PYTHON that is no program → says so, and does not take another', async () => {
    const folder = await temporaryFolder();
    const env = { XDG_DATA_HOME: folder, VIRNUCPRO_SIDECAR_PYTHON: join(folder, 'none'), PATH: '' };
    const found = findSidecarPython(env);
    expect(found).toHaveProperty('problem', expect.stringContaining(`VIRNUCPRO_SIDECAR_PYTHON names ${folder}/none`));
  });

  it('an environment that is set up → its Python', async () => {
    const env = { XDG_DATA_HOME: await temporaryFolder() };
    const command = executable(venvPython(sidecarVenv(env)));
    writeFileSync(join(sidecarVenv(env), SETUP_STAMP), '{}');
    expect(findSidecarPython(env)).toEqual({ command, origin: 'set-up' });
  });

  it('an environment without its stamp → not complete', async () => {
    const env = { XDG_DATA_HOME: await temporaryFolder() };
    executable(venvPython(sidecarVenv(env)));
    expect(findSidecarPython(env)).toHaveProperty('problem', expect.stringContaining('is not complete'));
  });

  it('nothing → names virnucpro setup-models', async () => {
    const found = findSidecarPython({ HOME: await temporaryFolder() });
    expect(found).toHaveProperty('problem', expect.stringContaining('virnucpro setup-models'));
  });
});
