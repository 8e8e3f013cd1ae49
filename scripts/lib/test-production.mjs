import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { ensureBuild } from './build.mjs';
import { say } from './console.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { findGoProgram } from './go-program.mjs';
import { findPostgres } from './postgres.mjs';
import { ROOT, run } from './run.mjs';
import { readTierResults } from './test-results.mjs';

const MODULE = 'go.temporal.io/server';
/** The version that the development server of this package has inside. */
const VERSION = 'v1.29.1';

/**
 * Finds PostgreSQL, finds or builds the Temporal server and its schema tool, and runs test/production with them. Servers
 * and databases are made by the tests, on free ports, and removed by them.
 *
 * @returns {Promise<number>} exit code
 */
export async function testProduction() {
  await ensureDependencies();
  await ensureBuild();
  const postgres = await findPostgres();
  say(`PostgreSQL: ${postgres}`);
  const server = await findGoProgram({ name: 'temporal-server', source: `${MODULE}/cmd/server`, version: VERSION });
  const schema = await findGoProgram({ name: 'temporal-sql', source: `${MODULE}/cmd/tools/sql`, version: VERSION });

  const folder = await mkdtemp(join(tmpdir(), 'virnucpro-production-'));
  try {
    const report = join(folder, 'report.json');
    const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
    const reporters = ['--reporter=verbose', '--reporter=json', `--outputFile.json=${report}`];
    const means = {
      VIRNUCPRO_POSTGRES: postgres,
      VIRNUCPRO_TEMPORAL_SERVER: server,
      VIRNUCPRO_TEMPORAL_SQL: schema,
    };
    const env = { ...process.env, ...means };
    const status = await run(process.execPath, [vitest, 'run', '--project', 'production', ...reporters], { env });
    const results = await readTierResults(report, status, ['production']);
    const [{ passed, failed }] = /** @type {[import('./test-results.mjs').TierResult]} */ (results);
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
    return failed > 0 || passed === 0 ? 1 : 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
