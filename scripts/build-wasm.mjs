#!/usr/bin/env node
// Assembles the WebAssembly text of src into modules that are part of the sources, as base64.
import { readFile, writeFile } from 'node:fs/promises';
import { format } from 'prettier';
import { assembleWat, withoutRelaxedSimd } from './lib/assemble-wat.mjs';

const src = new URL('../src/', import.meta.url);
const options = { parser: 'typescript', singleQuote: true, printWidth: 120 };

/** @param {string} path below src */
const read = (path) => readFile(new URL(path, src), 'utf8');
/** @param {string} path below src @param {string} text */
const write = async (path, text) => writeFile(new URL(path, src), await format(text, options));

await write(
  'torch/scan/scan-module.ts',
  `/** \`scan.wat\`, assembled by \`node scripts/build-wasm.mjs\`, as base64. */
export const SCAN_MODULE = '${await assembleWat('scan.wat', await read('torch/scan/scan.wat'))}';
`,
);

const kernel = await read('classifier/kernel/kernel.wat');
await write(
  'classifier/kernel/kernel-module.ts',
  `/** \`kernel.wat\`, assembled by \`node scripts/build-wasm.mjs\`, as base64. */
export const FUSED_KERNEL = '${await assembleWat('kernel.wat', kernel)}';

/** The same without relaxed SIMD. */
export const PLAIN_KERNEL = '${await assembleWat('kernel.wat', withoutRelaxedSimd(kernel))}';
`,
);
