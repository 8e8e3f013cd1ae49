#!/usr/bin/env node
// `npm run setup-pipelines`: what the tests of the Python, Snakemake and Nextflow examples need.
import { requireSupportedNode } from './lib/node-version.mjs';

requireSupportedNode();
const { runMain } = await import('./lib/console.mjs');
const { setupPipelines } = await import('./lib/setup-pipelines.mjs');

await runMain(setupPipelines);
