import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasNonFinite, leaseScanMemory, SCAN_BYTES } from '../../../../src/torch/scan/scan.ts';

const { WebAssembly } = globalThis as unknown as { WebAssembly: { Memory: unknown } };
const { Memory } = WebAssembly;

// The module asks for its memory once, at the first lease: this file has a module of its own.
beforeAll(() => {
  WebAssembly.Memory = function refuse(): never {
    throw new RangeError('WebAssembly.Memory(): could not allocate memory');
  };
});

afterAll(() => {
  WebAssembly.Memory = Memory;
});

test('no addresses for WebAssembly, as under `ulimit -v` → ordinary memory, and scans that find the same', () => {
  const { buffer, release } = leaseScanMemory();
  expect(buffer).toHaveLength(SCAN_BYTES);
  buffer.fill(0);
  expect(hasNonFinite(buffer, 0, 64)).toBe(false);
  buffer.writeFloatLE(NaN, 60);
  expect(hasNonFinite(buffer, 0, 64)).toBe(true);
  release();
});
