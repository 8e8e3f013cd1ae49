import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32, crc32Joined, crc32Replaced } from '../../../src/torch/crc32.ts';

describe('crc32Replaced', () => {
  test('any text with any part replaced → the CRC of the new text', () => {
    const part = fc.uint8Array({ maxLength: 40 });
    const pair = fc
      .nat({ max: 20 })
      .chain((length) => fc.tuple(...[0, 1].map(() => fc.uint8Array({ minLength: length, maxLength: length }))));
    fc.assert(
      fc.property(part, pair, part, (head, [before, after], tail) => {
        const old = crc32(Buffer.concat([head, before as Uint8Array, tail]));
        const now = crc32(Buffer.concat([head, after as Uint8Array, tail]));
        expect(crc32Replaced(old, before as Uint8Array, after as Uint8Array, tail.length)).toBe(now);
      }),
    );
  });

  test('20 MB behind the part → the CRC of the new text', () => {
    const tail = Buffer.alloc(20_000_003, 'tail');
    const [before, after] = [Buffer.from('U\x0bin_progress'), Buffer.from('X\x08\0\0\0complete')];
    const old = crc32(tail, crc32(before));
    expect(crc32Replaced(old, before, after, tail.length)).toBe(crc32(tail, crc32(after)));
  });

  test('parts of different lengths → RangeError', () => {
    expect(() => crc32Replaced(0, Buffer.alloc(1), Buffer.alloc(2), 0)).toThrow(RangeError);
  });
});

describe('crc32Joined', () => {
  test('any two texts, empty ones and long ones included → the CRC of one behind the other', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.uint8Array({ maxLength: 40 }),
        fc.nat(100_000),
        (a, b, zeros) => {
          const second = Buffer.concat([b, Buffer.alloc(zeros)]);
          expect(crc32Joined(crc32(a), crc32(second), second.length)).toBe(crc32(Buffer.concat([a, second])));
        },
      ),
    );
  });
});
