import { describe, expect, test } from 'vitest';
import { isContiguous, isTensor, readFloat32Range, readFloatList, readTensor } from '../../../../src/torch/index.ts';
import type { TorchFile, TorchTensor } from '../../../../src/torch/index.ts';
import { buildTorchZip, buildZip } from '../../../support/build-zip.ts';
import { buildPickle, int, tensor } from '../../../support/build-pickle.ts';
import type { TensorParts } from '../../../support/build-pickle.ts';
import { readBuffer } from '../../../support/torch-samples.ts';

function opened(parts: TensorParts, storage: Uint8Array): { file: TorchFile; value: TorchTensor } {
  const file = readBuffer(buildTorchZip(buildPickle([tensor(parts)]), { 0: storage }).bytes);
  if (!isTensor(file.root)) throw new Error('not a tensor');
  return { file, value: file.root };
}

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

describe('readTensor', () => {
  const storage = floats(0, 1, 2, 3, 4, 5);
  const numel = 6;

  test.each<[string, TensorParts, number[], boolean]>([
    ['rows', { numel, size: [int(2), int(3)], stride: [int(3), int(1)] }, [0, 1, 2, 3, 4, 5], true],
    ['transposed', { numel, size: [int(3), int(2)], stride: [int(1), int(3)] }, [0, 3, 1, 4, 2, 5], false],
    ['slice', { numel, offset: int(2), size: [int(3)] }, [2, 3, 4], true],
    ['step', { numel, size: [int(3)], stride: [int(2)] }, [0, 2, 4], false],
    ['expanded', { numel, offset: int(5), size: [int(3)], stride: [int(0)] }, [5, 5, 5], false],
    ['scalar', { numel, offset: int(4), size: [], stride: [] }, [4], true],
    ['empty', { numel, size: [int(0), int(3)], stride: [int(3), int(1)] }, [], true],
    ['an axis of 1 with any stride', { numel, size: [int(1), int(3)], stride: [int(99), int(1)] }, [0, 1, 2], true],
  ])('%s → its values in C order', (_, parts, values, contiguous) => {
    const { file, value } = opened(parts, storage);
    expect(readTensor(file, value)).toEqual(values);
    expect(isContiguous(value)).toBe(contiguous);
  });

  test('a huge tensor by stride 0 → LIMIT_EXCEEDED before anything is allocated', () => {
    const { file, value } = opened({ numel, size: [int(2 ** 30)], stride: [int(0)] }, storage);
    expect(() => readTensor(file, value)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
  });
});

describe('readFloat32Range', () => {
  test('a range → exactly those elements', () => {
    const { file, value } = opened({ numel: 6, offset: int(1), size: [int(5)] }, floats(0, 1, 2, 3, 4, 5));
    const into = new Float32Array(3);
    readFloat32Range(file, value, 1, into);
    expect(Array.from(into)).toEqual([2, 3, 4]);
    expect(() => readFloat32Range(file, value, 3, into)).toThrow(RangeError);
    expect(() => readFloat32Range(file, value, -1, into)).toThrow(RangeError);
  });

  test('a strided tensor → RangeError', () => {
    const { file, value } = opened({ numel: 4, size: [int(2)], stride: [int(2)] }, floats(0, 1, 2, 3));
    expect(() => readFloat32Range(file, value, 0, new Float32Array(1))).toThrow(/not a contiguous float32/);
  });

  test('a big-endian file → the same values', () => {
    const storage = Buffer.from(floats(1, 2.5, -3, 4)).swap32();
    const { bytes } = buildZip([
      { name: 'data.pkl', content: buildPickle([tensor()]) },
      { name: 'byteorder', content: 'big' },
      { name: 'data/0', content: storage },
      { name: 'version', content: '3\n' },
    ]);
    const file = readBuffer(bytes, { level: 'deep' });
    if (!isTensor(file.root)) throw new Error('not a tensor');
    const into = new Float32Array(4);
    readFloat32Range(file, file.root, 0, into);
    expect(Array.from(into)).toEqual([1, 2.5, -3, 4]);
    expect(readTensor(file, file.root)).toEqual([1, 2.5, -3, 4]);
  });
});

describe('readFloatList', () => {
  test('a list with something else in it, or a wrong length → RangeError', () => {
    const file = readBuffer(buildTorchZip(buildPickle([']K\x01a'])).bytes);
    if (typeof file.root !== 'object' || file.root?.type !== 'list') throw new Error('not a list');
    const list = file.root;
    expect(() => readFloatList(file, list, new Float64Array(1))).toThrow(RangeError);
  });
});
