import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { convertClassifier, inspectClassifier, openClassifier } from '../../../src/classifier/index.ts';
import { FailureType } from '../../../src/contract/failure-types.ts';
import { classifyInDoubles, randomNumbers, writeRandomClassifier } from '../../support/classifier-model.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'virnucpro-classifier-'));
afterAll(() => rmSync(FOLDER, { recursive: true }));

const path = join(FOLDER, 'model.pth');
const weights = writeRandomClassifier(path, { seed: 11, features: 64, hidden: 24 });

/** Of the size of the published ones. */
const full = join(FOLDER, 'full.pth');
writeRandomClassifier(full, { seed: 2 });

function rowsOf(count: number, seed: number): Float32Array<ArrayBuffer> {
  const random = randomNumbers(seed);
  return Float32Array.from({ length: count * weights.features }, () => 2 * random() - 1);
}

describe('openClassifier', () => {
  test('calls that overlap → each gets its scores, the rows are given away', async () => {
    const classifier = await openClassifier(path, { threads: 2 });
    try {
      expect(classifier.facts).toMatchObject({ path, format: 'module', features: 64, hidden: 24, classes: 2 });
      const inputs = Array.from({ length: 6 }, (_, index) => rowsOf(10 + index, index));
      const expected = inputs.map((rows) => classifyInDoubles(weights, rows));
      const found = await Promise.all(inputs.map((rows) => classifier.classify(rows)));
      for (const [index, scores] of found.entries()) {
        expect(scores).toHaveLength(2 * (10 + index));
        const errors = scores.map((score, at) => Math.abs(score - (expected[index]?.[at] ?? NaN)));
        expect(Math.max(...errors)).toBeLessThan(1e-6);
      }
      expect(inputs.map((rows) => rows.length)).toEqual([0, 0, 0, 0, 0, 0]);
    } finally {
      await classifier.close();
    }
  });

  test('a part of a larger buffer, shared memory → copied, not given away', async () => {
    const classifier = await openClassifier(path);
    try {
      const all = rowsOf(3, 1);
      const middle = all.subarray(64, 128);
      const shared = new Float32Array(new SharedArrayBuffer(256));
      shared.set(middle);
      const [one, other] = await Promise.all([classifier.classify(middle), classifier.classify(shared)]);
      expect(one).toEqual(other);
      expect(all).toHaveLength(192);
    } finally {
      await classifier.close();
    }
  });

  test('no rows → no scores; half a row → RangeError', async () => {
    const classifier = await openClassifier(path);
    try {
      expect(await classifier.classify(new Float32Array())).toHaveLength(0);
      await expect(classifier.classify(new Float32Array(65))).rejects.toThrow('65 values are no rows of 64');
    } finally {
      await classifier.close();
    }
  });

  test('aborted while it classifies → the reason, and nothing afterwards', async () => {
    const controller = new AbortController();
    const classifier = await openClassifier(full, { signal: controller.signal, threads: 1 });
    try {
      const running = classifier.classify(new Float32Array(3328 * 5000));
      setTimeout(() => controller.abort(new Error('enough')), 20);
      await expect(running).rejects.toThrow('enough');
      await expect(classifier.classify(new Float32Array(3328))).rejects.toThrow('enough');
    } finally {
      await classifier.close();
    }
  });

  test('the event loop while thousands of rows are classified → free', async () => {
    const classifier = await openClassifier(full, { threads: 1 });
    try {
      const rows = new Float32Array(3328 * 4000);
      let turns = 0;
      const timer = setInterval(() => (turns += 1), 1);
      await classifier.classify(rows);
      clearInterval(timer);
      expect(turns).toBeGreaterThan(20);
    } finally {
      await classifier.close();
    }
  });

  test('closed → no thread is left, later calls fail', async () => {
    const classifier = await openClassifier(path);
    await classifier.classify(rowsOf(1, 1));
    await classifier.close();
    await expect(classifier.classify(rowsOf(1, 1))).rejects.toThrow('the classifier is closed');
  });
});

describe('errors from the thread', () => {
  test('no such file → RunError.InvalidInput from all three', async () => {
    const gone = join(FOLDER, 'gone.pth');
    for (const call of [openClassifier, inspectClassifier, convertClassifier]) {
      await expect(call(gone)).rejects.toMatchObject({ name: 'VirnucproError', type: FailureType.RunInvalidInput });
    }
  });

  test('aborted before → the reason', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(inspectClassifier(path, signal)).rejects.toThrow('enough');
    await expect(openClassifier(path, { signal })).rejects.toThrow('enough');
  });
});
