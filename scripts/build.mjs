#!/usr/bin/env node
// `npm run build`: the dependencies, then src/ to dist/, with the workflow bundle.
import { requireSupportedNode } from './lib/node-version.mjs';

requireSupportedNode();
const { ensureBuild } = await import('./lib/build.mjs');
const { runMain } = await import('./lib/console.mjs');
const { ensureDependencies } = await import('./lib/dependencies.mjs');

await runMain(async () => {
  await ensureDependencies();
  await ensureBuild();
  return 0;
});
