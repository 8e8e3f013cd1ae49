import { join } from 'node:path';
import process from 'node:process';
import { ensureBuild } from './build.mjs';
import { say } from './console.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { ROOT, run } from './run.mjs';

/** @type {ReadonlyArray<readonly [name: string, command: readonly string[]]>} */
const CHECKS = [
  ['format', ['prettier/bin/prettier.cjs', '--check', '.']],
  ['lint', ['oxlint/bin/oxlint', '--type-aware', '--deny-warnings']],
  ['types', ['typescript/bin/tsc', '-p', 'tsconfig.json']],
  ['types of the page', ['typescript/bin/tsc', '-p', 'src/report/browser/tsconfig.json']],
  ['exports', ['publint/src/cli.js', '--strict']],
  ['unused code', ['knip/bin/knip.js']],
];

/** @returns {Promise<number>} 0 if every check holds; all of them run, also after one that fails */
export async function verify() {
  await ensureDependencies();
  await ensureBuild();
  /** @type {string[]} */
  const broken = [];
  for (const [name, [script = '', ...args]] of CHECKS) {
    say(`${name}: ${script.split('/', 1)[0]} ${args.join(' ')}`);
    if ((await run(process.execPath, [join(ROOT, 'node_modules', script), ...args])) !== 0) broken.push(name);
  }
  say('unit and replay tiers');
  if ((await run(process.execPath, [join(ROOT, 'scripts', 'test.mjs'), 'unit', 'replay'])) !== 0) broken.push('tests');
  say(broken.length === 0 ? 'verify: all good' : `verify: failed: ${broken.join(', ')}`);
  return broken.length === 0 ? 0 : 1;
}
