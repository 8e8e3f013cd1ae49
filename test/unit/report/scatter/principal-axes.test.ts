import { describe, expect, it } from 'vitest';
import { principalAxes } from '../../../../src/report/scatter/principal-axes.ts';
import { randomFrom } from '../../../../src/report/scatter/sample.ts';

/** Rows `a·u + b·v + noise` for orthonormal u and v: scores and shares are known. */
function plane(rows: number, dim: number, noise: number) {
  const random = randomFrom(7);
  const u = Float64Array.from({ length: dim }, (_, at) => Math.sin(at + 1));
  normalize(u);
  const v = Float64Array.from({ length: dim }, () => random() - 0.5);
  const overlap = dot(u, v);
  for (let at = 0; at < dim; at++) v[at]! -= overlap * u[at]!;
  normalize(v);
  const scores = Array.from({ length: rows }, () => [10 * (random() - 0.5), 3 * (random() - 0.5)] as const);
  const values = new Float32Array(rows * dim);
  for (const [row, [a, b]] of scores.entries()) {
    for (let at = 0; at < dim; at++) values[row * dim + at] = 5 + a * u[at]! + b * v[at]! + noise * (random() - 0.5);
  }
  return { values, scores };
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, at) => sum + value * b[at]!, 0);
}

function normalize(vector: Float64Array): void {
  const length = Math.sqrt(dot(vector, vector));
  for (let at = 0; at < vector.length; at++) vector[at]! /= length;
}

/** Of two columns, ±1 where one is a multiple of the other. */
function correlation(a: Float64Array, b: readonly number[]): number {
  const [meanA, meanB] = [a.reduce((s, x) => s + x, 0) / a.length, b.reduce((s, x) => s + x, 0) / b.length];
  let [ab, aa, bb] = [0, 0, 0];
  for (const [at, value] of a.entries()) {
    ab += (value - meanA) * (b[at]! - meanB);
    aa += (value - meanA) ** 2;
    bb += (b[at]! - meanB) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

describe('principalAxes', () => {
  it('four points worked out by hand → their scores and shares', () => {
    // Centred: (±2, 0), (0, ±1); variances 8 and 2 of 10.
    const result = principalAxes(Float32Array.of(3, 1, -1, 1, 1, 2, 1, 0), 4, 2);
    expect([...result!.x]).toEqual([2, -2, 0, 0].map((value) => expect.closeTo(value, 6)));
    expect([...result!.y]).toEqual([0, 0, 1, -1].map((value) => expect.closeTo(value, 6)));
    expect(result?.explained).toEqual([expect.closeTo(0.8, 6), expect.closeTo(0.2, 6)]);
  });

  it('a line in three dimensions → one axis explains everything', () => {
    const result = principalAxes(Float32Array.of(0, 0, 0, 1, 2, 2, 2, 4, 4), 3, 3);
    expect([...result!.x].map(Math.abs)).toEqual([3, 0, 3].map((value) => expect.closeTo(value, 5)));
    expect(result?.explained).toEqual([expect.closeTo(1, 6), expect.closeTo(0, 6)]);
  });

  it.each([16, 136, 768, 2560])('a plane in %i dimensions → its own coordinates', (dim) => {
    const { values, scores } = plane(200, dim, 0.01);
    const { x, y, explained } = principalAxes(values, 200, dim)!;
    expect(
      Math.abs(
        correlation(
          x,
          scores.map(([a]) => a),
        ),
      ),
    ).toBeGreaterThan(0.99);
    expect(
      Math.abs(
        correlation(
          y,
          scores.map(([, b]) => b),
        ),
      ),
    ).toBeGreaterThan(0.99);
    expect(explained[0] + explained[1]).toBeGreaterThan(0.95);
    expect(explained[0]).toBeGreaterThan(explained[1]);
  });

  it('many directions alike → the wide way finds shares as large as the exact one', () => {
    const random = randomFrom(3);
    // 33 dimensions go the wide way; the same rows without the last, constant one go the direct way.
    const rows = Array.from({ length: 300 }, () =>
      Array.from({ length: 32 }, (_, at) => (random() - 0.5) * (1 + 1 / (at + 1))),
    );
    const direct = principalAxes(Float32Array.from(rows.flat()), 300, 32)!;
    const wide = principalAxes(Float32Array.from(rows.flatMap((row) => [...row, 1])), 300, 33)!;
    for (const at of [0, 1] as const) expect(wide.explained[at] / direct.explained[at]).toBeGreaterThan(0.99);
  });

  it('the same rows → the same numbers, to the last bit', () => {
    const { values } = plane(50, 100, 1);
    expect(principalAxes(values, 50, 100)).toEqual(principalAxes(values, 50, 100));
  });

  it.each([
    ['one row', Float32Array.of(1, 2), 1],
    ['rows that are all the same', Float32Array.of(1, 2, 1, 2, 1, 2), 3],
  ])('%s → no axes', (_, values, rows) => {
    expect(principalAxes(values, rows, 2)).toBeUndefined();
  });

  it('rows of one value → one axis, the other is 0', () => {
    const result = principalAxes(Float32Array.of(1, 2, 6), 3, 1);
    expect([...result!.x]).toEqual([-2, -1, 3].map((value) => expect.closeTo(value, 6)));
    expect([...result!.y]).toEqual([0, 0, 0]);
  });

  it('fewer rows than dimensions → still two axes of finite numbers', () => {
    const { values } = plane(3, 500, 1);
    const { x, y } = principalAxes(values, 3, 500)!;
    expect([...x, ...y].every(Number.isFinite)).toBe(true);
  });
});
