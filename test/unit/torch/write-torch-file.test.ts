import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDict, isList, pyDict, pyFloat, pyFloats, pyList, readFloatList } from '../../../src/torch/index.ts';
import type { PyValue, Writable } from '../../../src/torch/index.ts';
import { floatTensor, patched, readBuffer, sample, written } from '../../support/torch-samples.ts';

const KINDS = ['nucleotide', 'protein', 'merged'] as const;

/** Back to plain data, floats wrapped so that 1 and 1.0 stay apart. */
function plain(value: PyValue): unknown {
  if (isDict(value)) return new Map([...value.entries()].map(([key, item]) => [key, plain(item)]));
  if (isList(value)) return value.parts.map((part) => plain(part as PyValue));
  return value;
}

const text = fc.string({ unit: 'binary', maxLength: 12 });
const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.integer({ min: -300, max: 70_000 }),
  fc.bigInt(-(2n ** 200n), 2n ** 200n).filter((value) => value > 2n ** 53n || value < -(2n ** 53n)),
  text,
);
const tree = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 6 }),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 6 }).map((entries) => new Map(entries)),
  ),
})).value;

function writable(value: unknown): Writable {
  if (Array.isArray(value)) return pyList(value.length, (index) => writable(value[index]));
  if (value instanceof Map) return pyDict([...value].map(([key, item]) => [key as string, writable(item)] as const));
  return value as Writable;
}

describe('writeTorchFile', () => {
  test('any tree of None, bool, int, str, list, dict → reads back equal at level deep', async () => {
    await fc.assert(
      fc.asyncProperty(tree, async (value) => {
        const { bytes } = await written(writable(value));
        const file = readBuffer(bytes, { level: 'deep' });
        expect(plain(file.root)).toEqual(value);
        expect(file.integrity).toBe('verified');
      }),
      { numRuns: 300 },
    );
  });

  test('any floats, NaN payloads aside, −0 included → the same bits', async () => {
    await fc.assert(
      fc.asyncProperty(fc.float64Array({ maxLength: 2500 }), async (values) => {
        const { bytes } = await written(pyFloats(values.length, (into) => into.set(values)));
        const file = readBuffer(bytes);
        if (!isList(file.root)) throw new Error('not a list');
        const back = new Float64Array(values.length);
        readFloatList(file, file.root, back);
        expect(back).toEqual(values);
      }),
      { numRuns: 50 },
    );
  });

  test('lone surrogates → the same string', async () => {
    const value = 'a\ud800b\udfffc\ud83d\ude00\udc00';
    expect(readBuffer((await written(value)).bytes).root).toBe(value);
  });

  test('1 and 1.0 → int and float', async () => {
    const { bytes } = await written(pyList(2, (index) => (index === 0 ? 1 : pyFloat(1))));
    expect(plain(readBuffer(bytes).root)).toEqual([1, { type: 'float', value: 1 }]);
  });

  test.each(KINDS)('%s with a pending status, patched → the bytes of writing complete at once', async (kind) => {
    const pending = await written(sample(kind, { rows: 1300, status: 'pending' }));
    const direct = await written(sample(kind, { rows: 1300 }));
    expect(pending.result.patches).toHaveLength(3);
    expect(direct.result.patches).toEqual([]);
    expect(patched(pending.bytes, pending.result).equals(direct.bytes)).toBe(true);
  });

  test.each(KINDS)('%s unpatched → sound, status in_progress', async (kind) => {
    const { bytes } = await written(sample(kind, { status: 'pending' }));
    const { root, integrity } = readBuffer(bytes, { level: 'deep' });
    expect(isDict(root) && root.get('status')).toBe('in_progress');
    expect(integrity).toBe('verified');
  });

  test('the same content twice → the same bytes', async () => {
    const [first, second] = [await written(sample('protein')), await written(sample('protein'))];
    expect(first.bytes.equals(second.bytes)).toBe(true);
  });

  test('size reported → size written; every content aligned to 64', async () => {
    const { bytes, result } = await written(sample('protein', { rows: 40 }));
    expect(result.bytes).toBe(bytes.length);
    const offsets = readBuffer(bytes).archive.records.map(({ dataOffset }) => dataOffset % 64);
    expect(new Set(offsets)).toEqual(new Set([0]));
  });

  test('storages larger than the buffer → read in multiples of the element size, in order', async () => {
    const seen: number[] = [];
    const { bytes } = await written(
      floatTensor([700_001], (index) => {
        if (index % 100_000 === 0) seen.push(index);
        return index;
      }),
    );
    expect(seen).toEqual([0, 100_000, 200_000, 300_000, 400_000, 500_000, 600_000, 700_000]);
    expect(readBuffer(bytes, { level: 'deep' }).integrity).toBe('verified');
  });

  test.each(['', 'ümlaut', 'a/b', 'tab\t'])('prefix %j → archive, as torch does', async (prefix) => {
    const { bytes } = await written(null, prefix);
    expect(readBuffer(bytes).archive.prefix).toBe('archive');
  });

  test.each([0.5, NaN, Infinity, 2 ** 53])('JS number %d as an int → RangeError', async (value) => {
    await expect(written(value)).rejects.toThrow(RangeError);
  });

  test('pending strings of different encoded lengths → RangeError', async () => {
    await expect(written({ write: 'pending-string', now: 'short', later: 'longer text' })).rejects.toThrow(RangeError);
  });

  test('a sink that fails → its error, and no further write', async () => {
    let calls = 0;
    const sink = {
      write(): Promise<void> {
        calls += 1;
        return Promise.reject(Object.assign(new Error('disk full'), { code: 'ENOSPC' }));
      },
    };
    const { writeTorchFile } = await import('../../../src/torch/index.ts');
    await expect(writeTorchFile(sink, sample('merged'), { prefix: 'x' })).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(calls).toBe(1);
  });
});
