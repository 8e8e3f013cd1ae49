import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { ensureBuild } from './build.mjs';
import { say } from './console.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { ROOT, run } from './run.mjs';
import { readTierResult } from './test-results.mjs';
import { TIERS } from './tiers.mjs';

/** @typedef {import('./test-results.mjs').TierResult} TierResult */
/** @typedef {{ tier: string } & (TierResult | { missing: string })} Ending */

/**
 * Sets up, runs the named tiers (all if none is named) and says of each whether it ran.
 *
 * @param {readonly string[]} names
 * @returns {Promise<number>} 0 if something ran and nothing failed
 */
export async function test(names) {
  const unknown = names.find((name) => !TIERS.has(name));
  if (unknown !== undefined) throw new Error(`no tier ${unknown}; there are ${[...TIERS.keys()].join(', ')}`);
  await ensureDependencies();
  await ensureBuild();

  const reports = await mkdtemp(join(tmpdir(), 'virnucpro-test-'));
  try {
    /** @type {Ending[]} */
    const endings = [];
    for (const tier of TIERS.keys()) {
      if (names.length === 0 || names.includes(tier)) endings.push(await runTier(tier, reports));
    }
    return summarize(endings);
  } finally {
    await rm(reports, { recursive: true, force: true });
  }
}

/**
 * @param {string} tier
 * @param {string} reports folder
 * @returns {Promise<Ending>}
 */
async function runTier(tier, reports) {
  say(`tier ${tier}`);
  const means = (await TIERS.get(tier)?.()) ?? { missing: 'unknown tier' };
  if ('missing' in means) return { tier, missing: means.missing };
  const report = join(reports, `${tier}.json`);
  const stateHome = join(reports, 'state');
  await mkdir(stateHome, { recursive: true });
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const env = { ...environmentWithoutServer(), ...means.env, XDG_STATE_HOME: stateHome };
  const status = await run(process.execPath, [vitest, 'run', '--project', tier, ...reporters], { env });
  return { tier, ...(await readTierResult(report, status)) };
}

/** Tests make servers of their own: they must not reach the one that the user's variables name. */
function environmentWithoutServer() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

/**
 * @param {readonly Ending[]} endings
 * @returns {number} exit code
 */
function summarize(endings) {
  let passed = 0;
  let failed = 0;
  const lines = endings.map((ending) => {
    if ('missing' in ending) return `skipped: ${ending.tier}: ${ending.missing}`;
    const empty = ending.passed + ending.failed === 0;
    passed += ending.passed;
    failed += ending.failed + (empty ? 1 : 0);
    return empty ? `failed: ${ending.tier}: it has no test that ran` : describe(ending);
  });
  process.stdout.write(`\n${lines.join('\n')}\n${passed} passed, ${failed} failed\n`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

/** @param {{ tier: string } & TierResult} ending */
function describe({ tier, passed, failed, skipped, failures }) {
  const left = skipped.map((name) => `\n  skipped in ${tier}: ${name}`);
  const bad = failures.map((failure) => `\n  failed in ${tier}: ${failure}`);
  return `ran: ${tier}: ${passed} passed, ${failed} failed${left.join('')}${bad.join('')}`;
}
