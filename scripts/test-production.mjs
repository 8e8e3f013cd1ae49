#!/usr/bin/env node
// `npm run test:production`: runs on a Temporal server with PostgreSQL, both killed meanwhile; see test/production.
import { requireSupportedNode } from './lib/node-version.mjs';

requireSupportedNode();
const { runMain } = await import('./lib/console.mjs');
const { testProduction } = await import('./lib/test-production.mjs');

await runMain(testProduction);
