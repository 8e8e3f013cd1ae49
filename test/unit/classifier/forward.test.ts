import { describe, expect, test } from 'vitest';
import { createForward, shareModel } from '../../../src/classifier/forward.ts';
import type { ProductKind } from '../../../src/classifier/kernel/product.ts';
import { classifyInDoubles, randomClassifier, randomNumbers } from '../../support/classifier-model.ts';

function randomRows(count: number, features: number, seed: number): Float32Array {
  const random = randomNumbers(seed);
  return Float32Array.from({ length: count * features }, () => 2 * random() - 1);
}

/** The largest difference from the same in doubles. */
function error(kind: ProductKind, features: number, hidden: number, count: number): number {
  const model = randomClassifier({ seed: features + hidden, features, hidden });
  const forward = createForward(shareModel(model), [kind]);
  expect(forward.kind).toBe(kind);
  const rows = randomRows(count, features, count);
  const scores = forward.classify(rows);
  expect(scores).toHaveLength(2 * count);
  const expected = classifyInDoubles(model, rows);
  return scores.reduce((worst, score, index) => Math.max(worst, Math.abs(score - (expected[index] as number))), 0);
}

const KINDS: readonly ProductKind[] = ['fused', 'plain', 'script'];

describe.each(KINDS)('the product of kind %s', (kind) => {
  test.each([
    [3328, 512, 7],
    [3328, 512, 20],
    [416, 12, 3],
    [417, 13, 4],
    [415, 11, 1],
    [833, 25, 145],
    [1, 1, 5],
    [5, 40, 289],
  ])('%d features, %d units, %d rows → as in doubles within 1e-6', (features, hidden, count) => {
    expect(error(kind, features, hidden, count)).toBeLessThan(1e-6);
  });

  test('scores of a row → sum up to 1, and do not depend on the rows beside it', () => {
    const model = randomClassifier({ seed: 3, features: 500, hidden: 30 });
    const forward = createForward(shareModel(model), [kind]);
    const rows = randomRows(300, 500, 9);
    const together = forward.classify(rows);
    for (const row of [0, 1, 143, 144, 299]) {
      const alone = forward.classify(rows.slice(500 * row, 500 * (row + 1)));
      expect([...alone]).toEqual([...together.subarray(2 * row, 2 * row + 2)]);
      expect((alone[0] as number) + (alone[1] as number)).toBeCloseTo(1, 6);
    }
  });

  test('a row with NaN → NaN for that row only', () => {
    const model = randomClassifier({ seed: 4, features: 20, hidden: 30 });
    const rows = randomRows(4, 20, 1);
    rows[25] = NaN;
    const scores = createForward(shareModel(model), [kind]).classify(rows);
    expect([...scores].map(Number.isNaN)).toEqual([false, false, true, true, false, false, false, false]);
  });

  test('no rows → no scores', () => {
    const model = randomClassifier({ seed: 4, features: 20, hidden: 30 });
    expect(createForward(shareModel(model), [kind]).classify(new Float32Array())).toHaveLength(0);
  });
});

test('logits far apart → exactly 0 and 1', () => {
  const model = randomClassifier({ seed: 1, features: 4, hidden: 2 });
  model.tensors['output_layer.bias'].set([1000, -1000]);
  const scores = createForward(shareModel(model)).classify(new Float32Array(4));
  expect([...scores]).toEqual([1, 0]);
});
