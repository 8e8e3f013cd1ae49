import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const dist = fileURLToPath(new URL('../../../dist', import.meta.url));

/** What could make code out of data, or load code that the data names. */
const FORBIDDEN: Readonly<Record<string, RegExp>> = {
  eval: /\beval\s*\(/,
  'the Function constructor': /\bnew Function\b|\bFunction\s*\(|\.constructor\s*\(/,
  'a dynamic import': /\bimport\s*\(/,
  require: /\brequire\s*\(|createRequire/,
  'the module vm': /['"](?:node:)?vm['"]/,
  'the module child_process': /['"](?:node:)?child_process['"]/,
  'the module module': /from\s*['"](?:node:)?module['"]/,
  'the module v8, which has a deserializer of its own': /['"](?:node:)?v8['"]/,
  'a network module': /['"](?:node:)?(?:net|tls|http|https|http2|dgram|dns|inspector)['"]/,
  'a timer with a text': /set(?:Timeout|Interval)\s*\(\s*['"`]/,
  process: /process\.(?:binding|dlopen|_linkedBinding)/,
};

/** Compile modules that are part of the package, never bytes of a file. */
const MAY_COMPILE_WASM = new Set(['torch/scan/scan.js', 'classifier/kernel/product.js']);

/** Sets a flag of V8, for relaxed SIMD in Node 20. */
const MAY_USE_V8 = 'classifier/kernel/product.js';

function modules(folder: string): string[] {
  const names = readdirSync(join(dist, folder), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.js')).map((name) => `${folder}/${name}`);
}

function findings(source: string): string[] {
  return Object.entries(FORBIDDEN).flatMap(([what, pattern]) => (pattern.test(source) ? [what] : []));
}

describe('the compiled reader', () => {
  const names = [...modules('torch'), ...modules('checkpoint'), ...modules('classifier')];

  test('all modules are looked at', () => {
    expect(names.length).toBeGreaterThan(40);
    expect(names).toContain('torch/pickle/machine.js');
    expect(names).toContain('checkpoint/judge.js');
  });

  test.each(names)('%s → nothing that makes code, loads code or starts a process', (name) => {
    const source = readFileSync(join(dist, name), 'utf8');
    const allowed = name === MAY_USE_V8 ? ['the module v8, which has a deserializer of its own'] : [];
    expect(findings(source)).toEqual(allowed);
    expect(MAY_COMPILE_WASM.has(name) || !source.includes('WebAssembly')).toBe(true);
  });

  test.each([
    ['eval(text)', 'eval'],
    ['const f = new Function(text)', 'the Function constructor'],
    ['await import(name)', 'a dynamic import'],
    ["import { runInNewContext } from 'node:vm'", 'the module vm'],
    ['import { exec } from "child_process"', 'the module child_process'],
    ['setTimeout("x", 1)', 'a timer with a text'],
  ])('%s → would be found', (source, what) => {
    expect(findings(source)).toEqual([what]);
  });
});
