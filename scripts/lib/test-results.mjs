import { readFile } from 'node:fs/promises';

/**
 * @typedef {object} TierResult
 * @property {number} passed
 * @property {number} failed
 * @property {string[]} skipped names of the tests that a test file left out
 */

/**
 * @typedef {object} VitestReport what vitest's JSON reporter writes, as far as it is read here
 * @property {{ status: string, assertionResults: { status: string, fullName: string }[] }[]} testResults
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
  if (report === undefined) return { passed: 0, failed: 1, skipped: [] };
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  const passed = tests.filter((test) => test.status === 'passed').length;
  const failed = tests.filter((test) => test.status === 'failed').length + broken.length;
  const skipped = tests
    .filter((test) => test.status !== 'passed' && test.status !== 'failed')
    .map((test) => test.fullName);
  return { passed, failed: failed === 0 && exitStatus !== 0 ? 1 : failed, skipped };
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
