#!/usr/bin/env node
// `npm run verify`: what has to hold before a change is pushed, without a server.
import { requireSupportedNode } from './lib/node-version.mjs';

requireSupportedNode();
const { verify } = await import('./lib/verify.mjs');
const { runMain } = await import('./lib/console.mjs');

await runMain(verify);
