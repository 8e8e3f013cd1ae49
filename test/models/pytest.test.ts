import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findSidecarPython } from '../../src/platform/sidecar-python.ts';
import { REPOSITORY } from '../support/repository.ts';

/** A line of pytest_report.py. */
interface PythonTest {
  name: string;
  outcome: 'passed' | 'failed' | 'skipped';
  reason: string;
}

/** Runs the tests of the Python package, and gives what became of each. */
async function runPytest(): Promise<{ status: number | null; tests: PythonTest[]; output: string }> {
  const python = findSidecarPython();
  if ('problem' in python) throw new Error(python.problem);
  const folder = mkdtempSync(join(tmpdir(), 'virnucpro-pytest-'));
  const report = join(folder, 'report');
  const args = [
    '-m',
    'pytest',
    '-p',
    'pytest_report',
    '-p',
    'no:cacheprovider',
    '--basetemp',
    join(folder, 'temporary'),
  ];
  const child = spawn(python.command, args, {
    cwd: join(REPOSITORY, 'python'),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PYTHONPATH: join(REPOSITORY, 'test', 'models'),
      PYTHONDONTWRITEBYTECODE: '1',
      VIRNUCPRO_PYTEST_REPORT: report,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const lines = existsSync(report) ? readFileSync(report, 'utf8').trim().split('\n') : [];
  rmSync(folder, { recursive: true, force: true });
  return { status, tests: lines.map((line) => JSON.parse(line) as PythonTest), output };
}

const { status, tests, output } = await runPytest();
const titled = tests.map((test) => {
  const title = test.outcome === 'skipped' ? `${test.name}: ${test.reason}` : test.name;
  return [title, test] as const;
});

describe('python/tests', () => {
  it('pytest → has run, and its exit code fits what it says of its tests', () => {
    const failed = tests.filter(({ outcome }) => outcome === 'failed').length;
    if (tests.length === 0 || (status === 0) !== (failed === 0))
      throw new Error(`exit code ${status}: ${output.slice(-4000)}`);
    expect(tests.length).toBeGreaterThan(failed);
  });

  it.for(titled)('%s', ([, { outcome, reason }], { skip }) => {
    skip(outcome === 'skipped');
    expect({ outcome, reason }).toEqual({ outcome: 'passed', reason: '' });
  });
});
