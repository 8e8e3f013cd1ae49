#!/usr/bin/env node
// `npm run test:chaos`: a thousand kills; see test/chaos/main.ts.
import process from 'node:process';
import { requireSupportedNode } from './lib/node-version.mjs';

requireSupportedNode();
const { runMain } = await import('./lib/console.mjs');
const { chaos } = await import('./lib/chaos.mjs');

await runMain(() => chaos(process.argv.slice(2)));
