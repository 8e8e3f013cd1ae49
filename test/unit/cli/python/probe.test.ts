import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { probePython } from '../../../../src/cli/python/probe.ts';
import { fakePython } from '../../../support/fake-python.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

describe('probePython', () => {
  test('noise, then the document → the document', async () => {
    const python = fakePython(await temporaryFolder(), 'python3');
    expect(await probePython(python, {})).toMatchObject({ python: '3.12.1', torch: { version: '2.9.1+cpu' } });
  });

  test('it fails → how, and the last it said; it is none → the errno', async () => {
    const python = join(await temporaryFolder(), 'python3');
    await writeFile(python, '#!/bin/sh\necho Traceback >&2\necho "SyntaxError: invalid syntax" >&2\nexit 1\n');
    await chmod(python, 0o755);
    await expect(probePython(python, {})).rejects.toThrow(`${python} ended with 1: SyntaxError: invalid syntax`);
    await expect(probePython('/nowhere/python', {})).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
