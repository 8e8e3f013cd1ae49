#!/usr/bin/env node
// `npm run setup-models [-- OPTIONS]`: `virnucpro setup-models` on a fresh clone.
import process from 'node:process';
import { requireSupportedNode } from './lib/node-version.mjs';

requireSupportedNode();
const { ensureBuild } = await import('./lib/build.mjs');
const { runMain } = await import('./lib/console.mjs');
const { ensureDependencies } = await import('./lib/dependencies.mjs');
const { run } = await import('./lib/run.mjs');

await runMain(async () => {
  await ensureDependencies();
  await ensureBuild();
  return run(process.execPath, ['dist/cli/main.js', 'setup-models', ...process.argv.slice(2)]);
});
