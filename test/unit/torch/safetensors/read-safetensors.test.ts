import { describe, expect, test } from 'vitest';
import { isSafetensors, memorySource, readSafetensors } from '../../../../src/torch/index.ts';
import { refusal } from '../../../support/torch-samples.ts';

/** A file with this header in front of so many bytes of values. */
function fileOf(header: unknown, values: number): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(values)]);
}

const tensor = (from: number, end: number, shape = [(end - from) / 4], dtype = 'F32'): object => ({
  dtype,
  shape,
  data_offsets: [from, end],
});

describe('readSafetensors', () => {
  test('two tensors and metadata → where they are', () => {
    const bytes = fileOf({ __metadata__: { eps: '1e-05' }, b: tensor(16, 24), a: tensor(0, 16, [2, 2]) }, 24);
    const start = bytes.length - 24;
    expect(readSafetensors(memorySource(bytes))).toEqual({
      metadata: { eps: '1e-05' },
      tensors: [
        { name: 'b', dtype: 'float32', shape: [2], offset: start + 16, byteLength: 8 },
        { name: 'a', dtype: 'float32', shape: [2, 2], offset: start, byteLength: 16 },
      ],
    });
  });

  test('no tensor, an empty one, a scalar, names that objects have → read', () => {
    expect(readSafetensors(memorySource(fileOf({}, 0))).tensors).toEqual([]);
    const header =
      '{"__proto__":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]},"constructor":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}';
    const { tensors } = readSafetensors(memorySource(fileOf(header, 8)));
    expect(tensors.map(({ name, shape, byteLength }) => [name, shape, byteLength])).toEqual([
      ['__proto__', [0, 3], 0],
      ['constructor', [], 8],
    ]);
  });

  const long = Buffer.alloc(20);
  long.writeBigUInt64LE(2n ** 63n);

  test.each<[string, Buffer, string, string]>([
    ['7 bytes', Buffer.alloc(7), 'TRUNCATED', 'the file has 7 bytes'],
    ['a header of 2^63 bytes', long, 'LIMIT_EXCEEDED', 'header of 9223372036854775808 bytes'],
    ['a header longer than the file', fileOf({}, 0).subarray(0, 9), 'TRUNCATED', 'header ends at byte 10 of 9'],
    ['no JSON', fileOf('{"a"', 0), 'BROKEN_DIRECTORY', 'the header is not JSON'],
    [
      'text that is not UTF-8',
      Buffer.concat([fileOf('{"a"}', 0).subarray(0, 11), Buffer.of(0xff, 0x7d)]),
      'BROKEN_DIRECTORY',
      'not JSON',
    ],
    ['an array', fileOf('[]', 0), 'BROKEN_DIRECTORY', 'not a JSON object'],
    [
      'a tensor without a shape',
      fileOf({ a: { dtype: 'F32', data_offsets: [0, 4] } }, 4),
      'BROKEN_DIRECTORY',
      'tensor "a" has no dtype, shape',
    ],
    ['a negative size', fileOf({ a: tensor(0, 4, [-1]) }, 4), 'BROKEN_DIRECTORY', 'tensor "a" has no dtype, shape'],
    [
      '65 dimensions',
      fileOf({ a: tensor(0, 4, Array<number>(65).fill(1)) }, 4),
      'BROKEN_DIRECTORY',
      'tensor "a" has no dtype, shape',
    ],
    ['an unknown type', fileOf({ a: tensor(0, 4, [1], 'toString') }, 4), 'UNSUPPORTED_TENSOR', 'is of type "toString"'],
    [
      'bytes that are not as many as the shape says',
      fileOf({ a: tensor(0, 8, [1]) }, 8),
      'BROKEN_DIRECTORY',
      '(F32, [1]) has 8 bytes, expected 4',
    ],
    ['a gap', fileOf({ a: tensor(0, 4), b: tensor(8, 12) }, 12), 'BROKEN_DIRECTORY', 'values of "b" begin at byte'],
    [
      'an overlap',
      fileOf({ a: tensor(0, 8), b: tensor(4, 12) }, 12),
      'BROKEN_DIRECTORY',
      'values of "b" begin at byte',
    ],
    ['fewer values', fileOf({ a: tensor(0, 8) }, 4), 'TRUNCATED', 'values end at byte'],
    ['more values', fileOf({ a: tensor(0, 4) }, 8), 'BROKEN_DIRECTORY', '4 bytes behind the last value'],
  ])('%s → refused', (_, bytes, code, message) => {
    const error = refusal(() => readSafetensors(memorySource(bytes)));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });
});

test('isSafetensors: a length that fits and a brace → yes; anything else → no', () => {
  const bytes = fileOf({ a: 1 }, 0);
  expect(isSafetensors(bytes, bytes.length)).toBe(true);
  expect(isSafetensors(bytes, bytes.length - 1)).toBe(false);
  expect(isSafetensors(Buffer.from('PK\x03\x04aaaaaaaaaaaa'), 1000)).toBe(false);
  expect(isSafetensors(Buffer.alloc(4), 4)).toBe(false);
});
