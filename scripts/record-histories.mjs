#!/usr/bin/env node
// `node scripts/record-histories.mjs`: records the histories of the replay tier that the version in package.json does not have
// yet, with a real server and real workers. What is recorded stays as it is: that is what the tier is for.
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
