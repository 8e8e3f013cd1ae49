import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseSample, type SampledFile } from '../../../../src/report/scatter/sample.ts';

const LIMITS = { rows: 2000, files: 500, bytes: 1 << 30 };
const file = (path: string, rows: number, bytes = 1000): SampledFile => ({ path, input: `/in/${path}`, rows, bytes });
const many = (count: number, rows: number) => Array.from({ length: count }, (_, at) => file(`f${at}.pt`, rows));
const total = (sample: readonly { rows: readonly number[] }[]) =>
  sample.reduce((sum, { rows }) => sum + rows.length, 0);

describe('chooseSample', () => {
  it('fewer rows than the limit → all of them', () => {
    const [sample] = chooseSample([file('a.pt', 5)], LIMITS);
    expect(sample?.rows).toEqual([0, 1, 2, 3, 4]);
  });

  it('more rows → as many as the limit, in proportion to the files', () => {
    const sample = chooseSample([file('large.pt', 9000), file('small.pt', 1000)], LIMITS);
    const rowsOf = (path: string) => sample.find((one) => one.file.path === path)?.rows.length;
    expect([rowsOf('large.pt'), rowsOf('small.pt')]).toEqual([1800, 200]);
  });

  it('a small file beside a huge one → has a row', () => {
    const sample = chooseSample([file('huge.pt', 1_000_000), file('tiny.pt', 1)], LIMITS);
    expect(sample.find((one) => one.file.path === 'tiny.pt')?.rows).toEqual([0]);
  });

  it('the same files in another order → the same sample', () => {
    const files = many(700, 30);
    expect(chooseSample(files.toReversed(), LIMITS)).toEqual(chooseSample(files, LIMITS));
  });

  it('more files than are opened → as many as the limit, by chance rather than the first', () => {
    const sample = chooseSample(many(5000, 3), LIMITS);
    expect(sample).toHaveLength(500);
    expect(sample.some((one) => Number(one.file.path.slice(1, -3)) > 2500)).toBe(true);
  });

  it('files beyond the bytes → left out, but never the first', () => {
    const files = [file('a.pt', 10, 900), file('b.pt', 10, 900)];
    expect(chooseSample(files, { ...LIMITS, bytes: 1000 })).toHaveLength(1);
    expect(chooseSample(files, { ...LIMITS, bytes: 10 })).toHaveLength(1);
  });

  it('windows that come six frames at a time → every frame is in the sample', () => {
    const [sample] = chooseSample([file('a.pt', 6000)], { ...LIMITS, rows: 1000 });
    expect(new Set(sample?.rows.map((row) => row % 6)).size).toBe(6);
  });

  it('any files → rows in range, ascending, never more than the limit', () => {
    const files = fc.array(fc.tuple(fc.string({ maxLength: 8 }), fc.nat(5000)), { maxLength: 40 });
    fc.assert(
      fc.property(files, fc.integer({ min: 1, max: 300 }), (list, rows) => {
        const sample = chooseSample(
          list.map(([name, count]) => file(name, count)),
          { ...LIMITS, rows },
        );
        expect(total(sample)).toBeLessThanOrEqual(rows);
        for (const one of sample) {
          expect(one.rows).toEqual([...new Set(one.rows)].toSorted((a, b) => a - b));
          expect(one.rows.every((row) => row >= 0 && row < one.file.rows)).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });
});
