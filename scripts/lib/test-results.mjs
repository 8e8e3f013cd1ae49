import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
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
 * Counts tiers from vitest's JSON report: a tier is a folder of tests. A file that cannot be loaded has no tests to count, and
 * an error outside of every test none that failed: both count as one failure, so that nothing broken looks like nothing failed.
 *
 * @param {string} reportPath
 * @param {number} exitStatus of vitest
 * @param {readonly string[]} tiers
 * @returns {Promise<TierResult[]>} in the order of the tiers; an error outside of every test is counted with the first
 */
export async function readTierResults(reportPath, exitStatus, tiers) {
  const report = await readReport(reportPath);
  if (report === undefined) return tiers.map(() => resultOf([], ['no report of the tests']));
  const results = tiers.map((tier) => {
    const folder = join(ROOT, 'test', tier, '/');
    return resultOf(report.testResults.filter(({ name }) => name.startsWith(folder)));
  });
  const [first] = results;
  if (exitStatus !== 0 && results.every(({ failed }) => failed === 0)) {
    first?.failures.push(`an error outside of every test (exit code ${exitStatus})`);
    if (first !== undefined) first.failed += 1;
  }
  return results;
}

/**
 * @param {readonly FileReport[]} files
 * @param {string[]} failures others than those of the files
 * @returns {TierResult}
 */
function resultOf(files, failures = []) {
  const tests = files.flatMap((file) => file.assertionResults);
  const broken = files.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  failures.push(
    ...tests.filter((test) => test.status === 'failed').map((test) => line(test.fullName, test.failureMessages?.[0])),
    ...broken.map((file) => line(relative(ROOT, file.name), file.message)),
  );
  const skipped = tests
    .filter((test) => test.status !== 'passed' && test.status !== 'failed')
    .map((test) => test.fullName);
  const passed = tests.filter((test) => test.status === 'passed').length;
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
