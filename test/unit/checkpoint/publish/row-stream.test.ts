import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RowStream } from '../../../../src/checkpoint/publish/row-stream.ts';
import { arrayRowSource } from '../../../../src/checkpoint/row-source.ts';

function fail(row: number): never {
  throw new Error(`row ${row}`);
}

/** Rows that are larger than a block, about as large, and much smaller. */
const dims = fc.constantFrom(1, 3, 768, 65_000, 66_000);

test('bytes in pieces of any size, at any alignment → those of the rows', () => {
  fc.assert(
    fc.property(
      dims,
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.nat(400_000)),
      fc.nat(5),
      (dim, rows, cuts, shift) => {
        const values = Float32Array.from({ length: dim * rows }, (_, i) => i);
        const stream = new RowStream(arrayRowSource(values, dim), fail);
        const bytes = values.length * 4;
        const ends = [...cuts.map((cut) => (cut % bytes) & ~3), bytes].toSorted((a, b) => a - b);
        const target = Buffer.alloc(bytes + shift);
        let from = 0;
        for (const end of ends) {
          stream.copyBytes(from, target.subarray(shift + from, shift + end));
          from = end;
        }
        expect(target.subarray(shift).equals(Buffer.from(values.buffer))).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test.each([NaN, Infinity, -Infinity])('a row with %s → that row is named, however its bytes are taken', (bad) => {
  const values = Float32Array.from({ length: 3 * 100 }, (_, i) => (i === 250 ? bad : i));
  for (const piece of [1200, 400, 100, 4]) {
    const stream = new RowStream(arrayRowSource(values, 100), fail);
    const copy = (): void => {
      for (let at = 0; at < 1200; at += piece) stream.copyBytes(at, Buffer.alloc(piece));
    };
    expect(copy).toThrow('row 2');
  }
  const stream = new RowStream(arrayRowSource(values, 100), fail);
  expect(() => stream.copyRow(2, new Float64Array(100))).toThrow('row 2');
});

test('rows as float64 → the same numbers', () => {
  const values = Float32Array.from({ length: 200 * 768 }, (_, i) => i / 3);
  const stream = new RowStream(arrayRowSource(values, 768), fail);
  const row = new Float64Array(768);
  for (let i = 0; i < 200; i++) {
    stream.copyRow(i, row);
    expect(row).toEqual(Float64Array.from(values.subarray(i * 768, (i + 1) * 768)));
  }
});
