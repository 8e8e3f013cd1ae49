import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assembleWat } from '../../../../scripts/lib/assemble-wat.mjs';
import { SCAN_MODULE } from '../../../../src/torch/scan/scan-module.ts';
import {
  FLOAT_BYTES,
  floatRunEnd,
  hasNonFinite,
  leaseScanMemory,
  LONGEST_TEXT,
  nonFiniteFloat,
  passTexts,
  SCAN_BYTES,
} from '../../../../src/torch/scan/scan.ts';

/** The same bytes at the same places in scan memory (WebAssembly) and in ordinary memory (TypeScript). */
function bothMemories<T>(content: Uint8Array, at: number, look: (bytes: Buffer) => T): [T, T] {
  const lease = leaseScanMemory();
  try {
    lease.buffer.fill(0);
    lease.buffer.set(content, at);
    const plain = Buffer.from(lease.buffer);
    return [look(lease.buffer), look(plain)];
  } finally {
    lease.release();
  }
}

function float32(values: readonly number[]): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}

function binfloats(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(FLOAT_BYTES * values.length);
  for (const [i, value] of values.entries()) {
    bytes[FLOAT_BYTES * i] = 0x47;
    bytes.writeDoubleBE(value, FLOAT_BYTES * i + 1);
  }
  return bytes;
}

test('scan.wat → the module in scan-module.ts', async () => {
  const source = await readFile(new URL('../../../../src/torch/scan/scan.wat', import.meta.url), 'utf8');
  expect(await assembleWat('scan.wat', source)).toBe(SCAN_MODULE);
});

describe('hasNonFinite', () => {
  test.each([NaN, Infinity, -Infinity])('%s at any place of any length → found in both memories', (bad) => {
    for (let length = 1; length < 40; length++) {
      for (let place = 0; place < length; place++) {
        const values = Array.from({ length }, (_, i) => (i === place ? bad : i - 3));
        const found = bothMemories(float32(values), 64, (bytes) => hasNonFinite(bytes, 64, 64 + 4 * length));
        expect(found).toEqual([true, true]);
      }
    }
  });

  test('finite values between values that are not → not found', () => {
    for (let length = 0; length < 40; length++) {
      const values = [NaN, ...Array.from({ length }, () => 3.4028234663852886e38), Infinity];
      const found = bothMemories(float32(values), 0, (bytes) => hasNonFinite(bytes, 4, 4 + 4 * length));
      expect(found).toEqual([false, false]);
    }
  });

  test('any bytes → the same answer as number by number', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 1_000 }), (content) => {
        const end = content.length - (content.length % 4);
        const expected = new Float32Array(Uint8Array.from(content).buffer, 0, end / 4).some((v) => !Number.isFinite(v));
        expect(bothMemories(content, 0, (bytes) => hasNonFinite(bytes, 0, end))).toEqual([expected, expected]);
      }),
    );
  });
});

describe('floatRunEnd', () => {
  test('a run of any length before another opcode, or cut off in any place → the end of its last whole float', () => {
    for (let count = 0; count < 14; count++) {
      const run = Buffer.concat([binfloats(Array.from({ length: count }, () => 1.5)), Buffer.from('e')]);
      for (let end = 0; end <= run.length; end++) {
        const whole = Math.min(count, Math.floor(end / FLOAT_BYTES)) * FLOAT_BYTES;
        expect(bothMemories(run, 5, (bytes) => floatRunEnd(bytes, 5, 5 + end))).toEqual([5 + whole, 5 + whole]);
      }
    }
  });
});

describe('nonFiniteFloat', () => {
  test.each([NaN, Infinity, -Infinity])('%s at any place → its place', (bad) => {
    for (let place = 0; place < 12; place++) {
      const run = binfloats(Array.from({ length: 12 }, (_, i) => (i === place ? bad : 1e300)));
      const at = 3 + FLOAT_BYTES * place;
      expect(bothMemories(run, 3, (bytes) => nonFiniteFloat(bytes, 3, 3 + run.length))).toEqual([at, at]);
    }
  });

  test('the largest and smallest doubles → none', () => {
    const run = binfloats([Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, -0]);
    expect(bothMemories(run, 0, (bytes) => nonFiniteFloat(bytes, 0, run.length))).toEqual([run.length, run.length]);
  });
});

describe('passTexts', () => {
  /** BINUNICODE and the PUT of each, from memo index `memo`. */
  function textRun(texts: readonly string[], memo: number): Buffer {
    return Buffer.concat(
      texts.flatMap((text, i) => {
        const head = Buffer.from([0x58, 0, 0, 0, 0]);
        head.writeUInt32LE(text.length, 1);
        const put = Buffer.from([memo + i < 256 ? 0x71 : 0x72, 0, 0, 0, 0]);
        put.writeUInt32LE(memo + i, 1);
        return [head, Buffer.from(text, 'latin1'), put.subarray(0, memo + i < 256 ? 2 : 5)];
      }),
    );
  }

  test('texts cut off in any place, across memo index 255 → the texts whose PUT lies before the end by any form', () => {
    const texts = ['', 'a', 'x'.repeat(30), 'id_4', '', 'id_6'];
    const run = textRun(texts, 253);
    for (let end = 0; end <= run.length; end++) {
      const [wasm, plain] = bothMemories(run, 7, (bytes) => passTexts(bytes, 7, 7 + end, 253));
      expect(wasm).toEqual(plain);
      expect(wasm.end).toBe(7 + textRun(texts.slice(0, wasm.count), 253).length);
      expect(wasm.end).toBeLessThanOrEqual(7 + end);
    }
    expect(bothMemories(run, 7, (bytes) => passTexts(bytes, 7, 7 + run.length, 253))[0].count).toBe(texts.length);
  });

  test('a byte changed to any other, another memo index, a text too long → the same in both memories', () => {
    const run = textRun(['abc', 'x'.repeat(17), 'y'], 254);
    for (let at = 0; at < run.length; at++) {
      for (let byte = 0; byte < 256; byte++) {
        const changed = Buffer.from(run);
        changed[at] = byte;
        const [wasm, plain] = bothMemories(changed, 0, (bytes) => passTexts(bytes, 0, changed.length, 254));
        expect(wasm).toEqual(plain);
      }
    }
    expect(bothMemories(run, 0, (bytes) => passTexts(bytes, 0, run.length, 255))).toEqual([
      { end: 0, count: 0 },
      { end: 0, count: 0 },
    ]);
    for (const [length, count] of [
      [LONGEST_TEXT, 1],
      [LONGEST_TEXT + 1, 0],
    ] as const) {
      const long = textRun(['z'.repeat(length)], 300);
      const counts = bothMemories(long, 0, (bytes) => passTexts(bytes, 0, long.length, 300).count);
      expect(counts).toEqual([count, count]);
    }
  });
});

describe('leaseScanMemory', () => {
  test('asked for again and again → pieces of their own, ordinary memory when all are taken, and given back again', () => {
    const leases = Array.from({ length: 5 }, leaseScanMemory);
    const [first, , , , last] = leases.map(({ buffer }) => buffer.buffer);
    expect(last).not.toBe(first);
    expect(leases.map(({ buffer }) => buffer.length)).toEqual(leases.map(() => SCAN_BYTES));
    const places = leases.slice(0, 4).map(({ buffer }) => buffer.byteOffset);
    expect(new Set(places).size).toBe(4);
    for (const lease of leases) lease.release();
    const again = leaseScanMemory();
    expect(again.buffer.buffer).toBe(first);
    again.release();
  });
});
