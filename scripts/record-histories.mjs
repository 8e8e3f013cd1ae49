#!/usr/bin/env node
// `node scripts/record-histories.mjs`: records the histories of the replay tier for the version in package.json, with a real
// server and real workers. Histories of earlier versions stay as they are: they are what the tier is for.
import { requireSupportedNode } from './lib/node-version.mjs';

requireSupportedNode();
const { ensureDependencies } = await import('./lib/dependencies.mjs');
const { ensureBuild } = await import('./lib/build.mjs');
const { runMain } = await import('./lib/console.mjs');

await runMain(async () => {
  await ensureDependencies();
  await ensureBuild();
  const { recordHistories } = await import('./lib/record-histories.mjs');
  await recordHistories();
  return 0;
});
