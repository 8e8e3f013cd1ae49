#!/usr/bin/env node
// `npm run build`: src/ to dist/, with the workflow bundle.
import { requireSupportedNode } from './lib/node-version.mjs';

requireSupportedNode();
const { ensureBuild } = await import('./lib/build.mjs');
const { runMain } = await import('./lib/console.mjs');

await runMain(async () => {
  await ensureBuild();
  return 0;
});
