#!/usr/bin/env node
// `npm run fuzz`: random, hostile and damaged files against the reader; see test/fuzz/main.ts.
import process from 'node:process';
import { requireSupportedNode } from './lib/node-version.mjs';

requireSupportedNode();
const { runMain } = await import('./lib/console.mjs');
const { fuzz } = await import('./lib/fuzz.mjs');

await runMain(() => fuzz(process.argv.slice(2)));
