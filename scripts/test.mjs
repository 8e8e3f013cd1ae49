#!/usr/bin/env node
// `npm test [-- TIER...]`: the set-up and every tier that can run on this machine.
import { requireSupportedNode } from './lib/node-version.mjs';

requireSupportedNode();
const { test } = await import('./lib/test.mjs');
const { runMain } = await import('./lib/console.mjs');

await runMain(() => test(process.argv.slice(2)));
