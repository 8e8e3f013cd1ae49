import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extentsOf, MAX_EXTENT_BYTES } from '../../../../src/checkpoint/rows/row-extents.ts';
import type { Extent } from '../../../../src/checkpoint/rows/row-extents.ts';
import type { Encoding, RowIndex } from '../../../../src/checkpoint/rows/row-index.ts';
import { LITERAL } from '../../../../src/checkpoint/rows/row-index.ts';

const FLOAT32: Encoding = { dtype: 'float32', littleEndian: true, negate: false };

/** Where every value of the extents comes from, by its place in the target: byte of the file. */
function places(extents: readonly Extent[], length: number): number[] {
  const found = Array.from({ length }, () => -1);
  for (const { runs, offset, length: bytes } of extents) {
    for (const run of runs) {
      for (let value = 0; value < run.count; value++) {
        const at = run.offset + value * run.step;
        expect(at).toBeGreaterThanOrEqual(offset);
        expect(at + 4).toBeLessThanOrEqual(offset + bytes);
        expect(found[run.to + value * run.toStep]).toBe(-1);
        found[run.to + value * run.toStep] = at;
      }
    }
  }
  return found;
}

function read(index: RowIndex, start: number, count: number): Extent[] {
  return [...extentsOf(index, start, count, new Float32Array(count * index.dim))];
}

describe('extentsOf', () => {
  it('any two-dimensional strides → every value once, from its place, no extent over 1 MiB', () => {
    const shapes = fc.record({
      rows: fc.integer({ min: 1, max: 40 }),
      dim: fc.integer({ min: 1, max: 40 }),
      rowStep: fc.constantFrom(4, 8, 160, 4096, 5000, 300_000),
      step: fc.constantFrom(4, 8, 160, 5000, 300_000),
      offset: fc.integer({ min: 0, max: 1000 }),
    });
    fc.assert(
      fc.property(shapes, fc.nat(), fc.nat(), ({ rows, dim, rowStep, step, offset }, from, many) => {
        const start = from % rows;
        const count = many % (rows - start + 1);
        const index: RowIndex = {
          ...{ rows, dim, form: 'strided', encoding: FLOAT32, offset },
          ...{ shape: [rows, dim], stride: [rowStep, step] },
        };
        const extents = read(index, start, count);
        const expected = Array.from({ length: count * dim }, (_, value) => {
          return offset + (start + Math.floor(value / dim)) * rowStep + (value % dim) * step;
        });
        expect(places(extents, count * dim)).toEqual(expected);
        for (const { length } of extents) expect(length).toBeLessThanOrEqual(MAX_EXTENT_BYTES);
      }),
    );
  });

  it('one row of a matrix → its bytes and no other', () => {
    const index: RowIndex = {
      ...{ rows: 1000, dim: 768, form: 'strided', encoding: FLOAT32, offset: 64 },
      ...{ shape: [1000, 768], stride: [3072, 4] },
    };
    expect(read(index, 7, 1).map(({ offset, length }) => [offset, length])).toEqual([[64 + 7 * 3072, 3072]]);
  });

  it('rows less than a page apart → read together; farther apart or backwards → one by one', () => {
    const at = (...offsets: number[]): RowIndex => ({
      ...{ rows: offsets.length, dim: 10, form: 'pieces', encodings: [FLOAT32] },
      firsts: Uint32Array.from({ length: offsets.length + 1 }, (_, row) => row),
      places: Float64Array.from(offsets),
      counts: new Uint32Array(offsets.length).fill(10),
      steps: new Float64Array(offsets.length).fill(4),
      codes: new Uint8Array(offsets.length),
    });
    const ranges = (index: RowIndex) => read(index, 0, index.rows).map(({ offset, length }) => [offset, length]);
    expect(ranges(at(0, 64, 4000))).toEqual([[0, 4040]]);
    expect(ranges(at(0, 4136, 8273))).toEqual([
      [0, 4176],
      [8273, 40],
    ]);
    expect(ranges(at(128, 0))).toEqual([
      [128, 40],
      [0, 40],
    ]);
  });

  it('values in the index itself → put into the target, nothing is read', () => {
    const index: RowIndex = {
      ...{ rows: 2, dim: 1, form: 'pieces', encodings: [] },
      ...{ firsts: Uint32Array.of(0, 1, 2), places: Float64Array.of(0.5, -2), counts: Uint32Array.of(1, 1) },
      ...{ steps: new Float64Array(2), codes: Uint8Array.of(LITERAL, LITERAL) },
    };
    const into = new Float32Array(1);
    expect([...extentsOf(index, 1, 1, into)]).toEqual([]);
    expect(into[0]).toBe(-2);
  });
});
