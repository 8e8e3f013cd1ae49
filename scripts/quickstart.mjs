#!/usr/bin/env node
// `npm run quickstart`: the set-up and the main job on a fresh clone.
import { requireSupportedNode } from './lib/node-version.mjs';

requireSupportedNode();
const { quickstart } = await import('./lib/quickstart.mjs');
const { runMain } = await import('./lib/console.mjs');

await runMain(quickstart);
