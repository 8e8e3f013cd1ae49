import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { ensureBuild } from './build.mjs';
import { say } from './console.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { ROOT, run } from './run.mjs';
import { readTierResults } from './test-results.mjs';
import { TIER_GROUPS, TIERS } from './tiers.mjs';

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
    for (const group of TIER_GROUPS) {
      const wanted = group.filter((tier) => names.length === 0 || names.includes(tier));
      if (wanted.length > 0) endings.push(...(await runTiers(wanted, reports)));
    }
    return summarize(endings);
  } finally {
    await rm(reports, { recursive: true, force: true });
  }
}

/**
 * @param {readonly string[]} tiers
 * @param {string} reports folder
 * @returns {Promise<Ending[]>}
 */
async function runTiers(tiers, reports) {
  say(`tiers ${tiers.join(', ')}`);
  /** @type {Ending[]} */
  const missing = [];
  /** @type {string[]} */
  const able = [];
  const env = environmentWithoutServer();
  for (const tier of tiers) {
    const means = (await TIERS.get(tier)?.()) ?? { missing: 'unknown tier' };
    if ('missing' in means) {
      missing.push({ tier, missing: means.missing });
      continue;
    }
    able.push(tier);
    Object.assign(env, means.env);
  }
  if (able.length === 0) return missing;
  const report = join(reports, `${able.join('-')}.json`);
  const status = await runVitest(able, report, env);
  const results = await readTierResults(report, status, able);
  return [...missing, ...results.map((result, at) => ({ tier: able[at] ?? '', ...result }))];
}

/**
 * @param {readonly string[]} tiers
 * @param {string} report file that gets the results
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} exit code
 */
async function runVitest(tiers, report, env) {
  const stateHome = `${report}.state`;
  await mkdir(stateHome);
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const projects = tiers.flatMap((tier) => ['--project', tier]);
  return run(process.execPath, [vitest, 'run', ...projects, ...reporters], {
    env: { ...env, XDG_STATE_HOME: stateHome },
  });
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
