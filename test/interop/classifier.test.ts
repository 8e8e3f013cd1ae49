import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openClassifier } from '../../src/classifier/index.ts';
import { createForward, shareModel } from '../../src/classifier/forward.ts';
import { readClassifier } from '../../src/classifier/read-classifier.ts';
import { classifierToSafetensors } from '../../src/classifier/write-classifier.ts';
import { FailureType } from '../../src/contract/failure-types.ts';
import { readBuffer } from '../support/torch-samples.ts';
import { forgedClassifier, torchFileOf } from '../support/classifier-model.ts';
import { runTorch, torchPythons } from '../support/torch-python.ts';

const pythons = torchPythons('interop/classifier');
const FEATURES = 3328;
const HIDDEN = 512;
const ROWS = 200;

function floats(path: string): Float32Array<ArrayBuffer> {
  return new Float32Array(Uint8Array.from(readFileSync(path)).buffer);
}

function worst(found: Float32Array, expected: Float32Array): number {
  expect(found).toHaveLength(expected.length);
  return found.reduce((most, value, index) => Math.max(most, Math.abs(value - (expected[index] ?? NaN))), 0);
}

describe.skipIf(pythons.length === 0).each(pythons)('classifiers of torch $version', (python) => {
  let folder: string;
  let expected: Float32Array;
  let spread: number;
  const at = (name: string): string => join(folder, name);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'virnucpro-classifier-'));
    const said = runTorch(python, 'classifier_make.py', [folder, String(FEATURES), String(HIDDEN), String(ROWS)]);
    ({ spread } = JSON.parse(said) as { spread: number });
    expected = floats(at('scores.f32'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('the scores to compare with → not all alike', () => {
    expect(spread).toBeGreaterThan(0.3);
  });

  test.each(['module.pth', 'parallel.pth', 'state.pth', 'checkpoint.pth', 'parallel-state.pth', 'state.safetensors'])(
    '%s → probabilities as torch computes them within 1e-6',
    async (name) => {
      const classifier = await openClassifier(at(name));
      try {
        expect(classifier.facts).toMatchObject({ features: FEATURES, hidden: HIDDEN, classes: 2 });
        expect(worst(await classifier.classify(floats(at('rows.f32'))), expected)).toBeLessThan(1e-6);
      } finally {
        await classifier.close();
      }
    },
  );

  test.each(['fused', 'plain', 'script'] as const)('the product of kind %s → as torch within 1e-6', (kind) => {
    const forward = createForward(shareModel(readClassifier(at('module.pth')).model), [kind]);
    const rows = kind === 'script' ? 20 : ROWS;
    const scores = forward.classify(floats(at('rows.f32')).subarray(0, rows * FEATURES));
    expect(worst(scores, expected.subarray(0, 2 * rows))).toBeLessThan(1e-6);
  });

  test('a file of before 1.6 → incompatible, and what to do', () => {
    expect(() => readClassifier(at('legacy.pth'))).toThrow(
      expect.objectContaining({
        type: FailureType.CheckpointIncompatible,
        message: expect.stringContaining('load it with torch and save it again'),
      }),
    );
  });

  test('what import-model writes → torch computes the same with it', () => {
    writeFileSync(at('imported.safetensors'), classifierToSafetensors(readClassifier(at('module.pth'))));
    const args = [at('imported.safetensors'), String(FEATURES), String(HIDDEN), at('rows.f32'), at('scores.f32')];
    const [keys = '', error = ''] = runTorch(python, 'classifier_load.py', args).trim().split('\n');
    expect(keys).toContain('All keys matched');
    expect(Number(error)).toBe(0);
  });

  // What the other tests read was made by us: it has to be what torch writes.
  test('the pickle of a whole model as our tests forge it → byte for byte torch’s', () => {
    const { model } = readClassifier(at('training.pth'));
    const torch = python.release < 2000 ? '1.13' : '2.9';
    const forged = torchFileOf(forgedClassifier(model, { torch }));
    expect(pickleOf(forged).equals(pickleOf(readFileSync(at('training.pth'))))).toBe(true);
  });
});

function pickleOf(bytes: Buffer): Buffer {
  const { archive } = readBuffer(bytes, { unknownGlobals: 'inert' });
  const record = archive.find('data.pkl');
  expect(record).toBeDefined();
  return bytes.subarray(record?.dataOffset, (record?.dataOffset ?? 0) + (record?.size ?? 0));
}
