import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scoreText } from '../../../../src/prediction/results/score-text.ts';

// What `str(numpy.float32(x))` prints.
const PRINTED: readonly (readonly [number, string])[] = [
  [0, '0.0'],
  [1, '1.0'],
  [0.5, '0.5'],
  [0.1, '0.1'],
  [1e-4, '1e-04'],
  [1.00001e-4, '0.000100001'],
  [9.9999e-5, '9.9999e-05'],
  [2.0767e-5, '2.0767e-05'],
  [0.002076708, '0.002076708'],
  [0.9979233, '0.9979233'],
  [0.0800762176513671875, '0.08007622'],
  [0.99999994, '0.99999994'],
  // Half-way between two numbers of eight digits: the even one.
  [0.0166015625, '0.016601562'],
  [1e-45, '1e-45'],
  [1.17549435e-38, '1.1754944e-38'],
];

describe('scoreText', () => {
  it.each(PRINTED)('%d → %s', (value, text) => {
    expect(scoreText(value)).toBe(text);
  });

  it('any float32 from 0 to 1 → text that gives the same float32, and no shorter one does', () => {
    fc.assert(
      fc.property(fc.float({ min: 0, max: 1, noNaN: true }), (value) => {
        const text = scoreText(value);
        expect(Math.fround(Number(text))).toBe(Math.fround(value));
        const digits = text.replace(/e.*/u, '').replace('.', '').replace(/^0+/u, '').replace(/0+$/u, '').length;
        if (digits > 1) expect(Math.fround(Number(Math.fround(value).toPrecision(digits - 1)))).not.toBe(value);
      }),
      { numRuns: 2000 },
    );
  });
});
