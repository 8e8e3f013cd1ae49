#!/usr/bin/env node
// Assembles src/torch/scan/scan.wat into src/torch/scan/scan-module.ts.
import { readFile, writeFile } from 'node:fs/promises';
import { format } from 'prettier';
import { assembleScan } from './lib/assemble-scan.mjs';

const folder = new URL('../src/torch/scan/', import.meta.url);
const base64 = await assembleScan(await readFile(new URL('scan.wat', folder), 'utf8'));
const text = `/** \`scan.wat\`, assembled by \`node scripts/build-scan.mjs\`, as base64. */
export const SCAN_MODULE = '${base64}';
`;
const options = { parser: 'typescript', singleQuote: true, printWidth: 120 };
await writeFile(new URL('scan-module.ts', folder), await format(text, options));
