import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeSetup } from '../../../../src/cli/setup-models/describe-setup.ts';
import { setUpModels, type SetupRequest } from '../../../../src/cli/setup-models/setup-models.ts';
import { FailureType } from '../../../../src/contract/failure-types.ts';
import { SETUP_STAMP } from '../../../../src/platform/sidecar-python.ts';
import { callsOf, fakePython, type FakePythonOptions } from '../../../support/fake-python.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const PIP = 'pip --disable-pip-version-check --no-input --progress-bar off';

async function setUp(options: FakePythonOptions = {}) {
  const folder = await temporaryFolder();
  const python = fakePython(folder, 'python3', options);
  const venv = join(folder, 'data', 'python');
  const log: string[] = [];
  const call = (more: Partial<SetupRequest> = {}) =>
    setUpModels({ python, venv, log: (line) => void log.push(line), ...more });
  return { folder, python, venv, log, call, stamp: join(venv, SETUP_STAMP) };
}

describe('setUpModels', () => {
  test('nothing there → environment, packages, stamp; the second call → nothing to do', async () => {
    const { python, venv, log, call, stamp } = await setUp();
    const probed = await call();
    expect(callsOf(python)).toEqual(['venv', `${PIP} torch>=2.4 numpy>=1.26 torch==2.9.1`]);
    expect(existsSync(stamp)).toBe(true);
    expect(describeSetup(probed)).toContain('torch 2.9.1+cpu, a build without CUDA: no CUDA device here');
    await call();
    expect(callsOf(python)).toHaveLength(2);
    expect(log.at(-1)).toBe(`${venv} is set up already`);
  });

  test('version of torch, index, extras → given to pip; others than before → pip again', async () => {
    const { python, call } = await setUp();
    await call({ torch: '2.8.0', indexUrl: 'https://packages.example/simple', extras: ['test'] });
    const wanted = '--index-url https://packages.example/simple torch>=2.4 numpy>=1.26 test>=1 torch==2.8.0';
    expect(callsOf(python)).toEqual(['venv', `${PIP} ${wanted}`]);
    await call();
    expect(callsOf(python)).toEqual(['venv', `${PIP} ${wanted}`, `${PIP} torch>=2.4 numpy>=1.26 torch==2.9.1`]);
  });

  test('killed before the end → the environment is kept, and completed', async () => {
    const { python, call, stamp } = await setUp();
    await call();
    rmSync(stamp);
    await call();
    expect(callsOf(python).map((line) => line.split(' ')[0])).toEqual(['venv', 'pip', 'pip']);
    expect(existsSync(stamp)).toBe(true);
  });

  test('killed in the middle of a package, which pip takes for installed → made anew', async () => {
    const { python, venv, call } = await setUp({ pipForgets: 'torch' });
    await expect(call()).rejects.toThrow(`${venv}: torch is not installed`);
    rmSync(`${python}.forgot`);
    await call();
    expect(callsOf(python).map((line) => line.split(' ')[0])).toEqual(['venv', 'pip', 'pip', 'venv', 'pip']);
  });

  test('complete, but a package was removed → installed again', async () => {
    const { python, venv, call } = await setUp();
    await call();
    rmSync(join(venv, 'installed'));
    await call();
    expect(callsOf(python)).toHaveLength(3);
  });

  test('another Python is named → made anew with that one', async () => {
    const { folder, python, call } = await setUp();
    await call();
    const other = fakePython(folder, 'python3.13', { version: '3.13.0' });
    await call({ python: other });
    expect(callsOf(python)).toHaveLength(2);
    expect(callsOf(other)).toEqual(['venv', `${PIP} torch>=2.4 numpy>=1.26 torch==2.9.1`]);
  });

  test('two at a time → one environment, one installation', async () => {
    const { python, call } = await setUp();
    await Promise.all([call(), call()]);
    expect(callsOf(python)).toHaveLength(2);
  });

  test('something else in its place → left alone, and named', async () => {
    const { venv, call } = await setUp();
    mkdirSync(venv, { recursive: true });
    writeFileSync(join(venv, 'thesis.txt'), '');
    await expect(call()).rejects.toThrow(`${venv} is in the way: it is no virtual environment`);
    expect(existsSync(join(venv, 'thesis.txt'))).toBe(true);
  });
});

describe('setUpModels: what is missing', () => {
  async function refusal(options: FakePythonOptions, more: Partial<SetupRequest> = {}): Promise<string> {
    const { call, stamp } = await setUp(options);
    const error = (await call(more).catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ type: FailureType.RunInvalidInput });
    expect(existsSync(stamp)).toBe(false);
    return error.message;
  }

  test('no such Python → said, and how to get one', async () => {
    const message = await refusal({}, { python: '/nowhere/python3' });
    expect(message).toContain('Python 3.10 or newer is needed: there is no Python at /nowhere/python3; install one');
  });

  test('too old a Python → its version', async () => {
    expect(await refusal({ version: '3.9.18' })).toMatch(/Python 3\.10 or newer is needed: .*python3 is 3\.9\.18/u);
  });

  test.each([
    '/usr/bin/python3: No module named venv',
    'The virtual environment was not created successfully because ensurepip is not\navailable.',
  ])('no venv module (%j) → the package that has it', async (said) => {
    const message = await refusal({ venvFails: said });
    expect(message).toContain(
      'it has no venv module with pip; install it (Debian, Ubuntu: apt-get install python3-venv',
    );
  });

  test('torch cannot be imported → why', async () => {
    const torch = { error: 'ImportError: libcudart.so.12: cannot open shared object file', nvidia: [] };
    expect(await refusal({ probe: { torch } })).toContain('cannot be imported: ImportError: libcudart.so.12');
  });

  test.each([
    ['ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device', 'the disk is full'],
    [
      "NewConnectionError('…: Failed to establish a new connection')\nERROR: No matching distribution found for torch",
      'the package index cannot be reached',
    ],
    ['SSLError(SSLCertVerificationError(1, CERTIFICATE_VERIFY_FAILED))', 'name the right one with PIP_CERT'],
    ['ERROR: No matching distribution found for torch>=2.4', 'no such package for this Python and this machine'],
    ['ERROR: ResolutionImpossible: for help visit …', 'these versions exclude each other'],
    ['ERROR: [Errno 13] Permission denied: /venv', 'this user may not write there'],
    ['something new', 'see what it says (it said: something new)'],
  ])('pip says %j → %s', async (said, message) => expect(await refusal({ pipFails: said })).toContain(message));
});
