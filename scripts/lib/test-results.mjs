import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { ROOT } from './run.mjs';

/**
 * @typedef {object} TierResult
 * @property {number} passed
 * @property {number} failed
 * @property {string[]} skipped names of the tests that a test file left out
 * @property {string[]} failures what failed, each with the first line of its message: a log may reach its reader cut in the middle
 */

/**
 * @typedef {object} VitestReport what vitest's JSON reporter writes, as far as it is read here
 * @property {FileReport[]} testResults
 *
 * @typedef {{ name: string, status: string, message?: string, assertionResults: TestReport[] }} FileReport
 * @typedef {{ status: string, fullName: string, failureMessages?: string[] }} TestReport
 */

/**
 * Counts a tier from vitest's JSON report. A file that cannot be loaded has no tests to count, and an error outside of every
 * test none that failed: both count as one failure, so that nothing broken looks like nothing failed.
 *
 * @param {string} reportPath
 * @param {number} exitStatus of vitest
 * @returns {Promise<TierResult>}
 */
export async function readTierResult(reportPath, exitStatus) {
  const report = await readReport(reportPath);
  if (report === undefined) return { passed: 0, failed: 1, skipped: [], failures: ['no report of the tests'] };
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  const passed = tests.filter((test) => test.status === 'passed').length;
  const failures = [
    ...tests.filter((test) => test.status === 'failed').map((test) => line(test.fullName, test.failureMessages?.[0])),
    ...broken.map((file) => line(relative(ROOT, file.name), file.message)),
  ];
  if (failures.length === 0 && exitStatus !== 0) failures.push(`an error outside of every test (exit code ${exitStatus})`);
  const skipped = tests
    .filter((test) => test.status !== 'passed' && test.status !== 'failed')
    .map((test) => test.fullName);
  return { passed, failed: failures.length, skipped, failures };
}

/**
 * @param {string} name
 * @param {string | undefined} message
 */
function line(name, message = '') {
  const [first] = message.split('\n', 1);
  return first ? `${name}: ${first}` : name;
}

/**
 * @param {string} path
 * @returns {Promise<VitestReport | undefined>}
 */
async function readReport(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
}
