import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDict, isList, pythonTypeName, readFloatList } from '../../../../src/torch/index.ts';
import type { PyDict, PyValue } from '../../../../src/torch/index.ts';
import { buildPickle, float, global, int, joinParts, long, unicode } from '../../../support/build-pickle.ts';
import type { PicklePart } from '../../../support/build-pickle.ts';
import { readPickleBytes } from '../../../support/torch-samples.ts';

const root = (...parts: PicklePart[]): PyValue => readPickleBytes(buildPickle(parts)).root;
const root4 = (...parts: PicklePart[]): PyValue => readPickleBytes(buildPickle(parts, 4)).root;

function dict(value: PyValue): PyDict {
  if (isDict(value)) return value;
  throw new Error('not a dict');
}

const floatOf = (value: number): PyValue => ({ type: 'float', value });

describe('scalars', () => {
  test.each<[string, PicklePart[], PyValue]>([
    ['NONE', ['N'], null],
    ['NEWTRUE', [0x88], true],
    ['NEWFALSE', [0x89], false],
    ['BININT1', ['K\xff'], 255],
    ['BININT2', ['M\xff\xff'], 65_535],
    ['BININT', [int(-7)], -7],
    ['LONG1 of no bytes', ['\x8a\0'], 0],
    ['LONG1 2^53 − 1', [long(2n ** 53n - 1n)], Number.MAX_SAFE_INTEGER],
    ['LONG1 2^53', [long(2n ** 53n)], 2n ** 53n],
    ['LONG1 −2^63', [long(-(2n ** 63n))], -(2n ** 63n)],
    ['BINFLOAT 1.0', [float(1)], floatOf(1)],
    ['BINFLOAT −0.0', [float(-0)], floatOf(-0)],
    ['BINUNICODE', [unicode('héllo 😀')], 'héllo 😀'],
    ['BINUNICODE with U+FFFD', [unicode('a\ufffdb')], 'a\ufffdb'],
    ['BINUNICODE with a lone surrogate', [unicode(Buffer.from('61eda08062', 'hex'))], 'a\ud800b'],
    ['SHORT_BINSTRING', ['U\x0bin_progress'], 'in_progress'],
    ['BINSTRING', ['T\x02\0\0\0ab'], 'ab'],
  ])('%s → its value', (_, parts, value) => {
    expect(root(...parts)).toEqual(value);
  });

  test('protocol 4 text and bytes → their values', () => {
    expect(root4('\x8c\x02ab')).toBe('ab');
    expect(root4('\x8d\x02\0\0\0\0\0\0\0ab')).toBe('ab');
    expect(root4('C\x02\xff\0')).toEqual({ type: 'bytes', bytes: Buffer.from([0xff, 0]) });
    expect(root4('B\x01\0\0\0\xff')).toEqual({ type: 'bytes', bytes: Buffer.from([0xff]) });
    expect(root4('\x8e\x01\0\0\0\0\0\0\0\xff')).toEqual({ type: 'bytes', bytes: Buffer.from([0xff]) });
  });

  test('text longer than the window → whole', () => {
    const text = 'ab😀'.repeat(400_000);
    expect(root(unicode(text)) === text).toBe(true);
  });

  test('Python 2 bytes by _codecs.encode → bytes', () => {
    const value = root(global('_codecs', 'encode'), unicode('\u0000\u00ff'), unicode('latin1'), '\x86R');
    expect(value).toEqual({ type: 'bytes', bytes: Buffer.from([0, 255]) });
  });
});

describe('containers', () => {
  test('lists, tuples, sets of both protocols → their items in order', () => {
    expect(root('](K\x01K\x02e')).toMatchObject({ type: 'list', length: 2, parts: [1, 2] });
    expect(root(']K\x01a')).toMatchObject({ length: 1, parts: [1] });
    expect(root('K\x01K\x02K\x03\x87')).toEqual({ type: 'tuple', items: [1, 2, 3] });
    expect(root('(K\x01K\x02K\x03K\x04t')).toEqual({ type: 'tuple', items: [1, 2, 3, 4] });
    expect(root(global('__builtin__', 'set'), '](K\x01K\x02e\x85R')).toEqual({
      type: 'set',
      frozen: false,
      items: [1, 2],
    });
    expect(root4('\x8f(K\x01\x90')).toMatchObject({ type: 'set', frozen: false, items: [1] });
    expect(root4('(K\x01\x91')).toMatchObject({ type: 'set', frozen: true, items: [1] });
  });

  test('shared objects → the same object twice', () => {
    const value = root(']q\0h\0\x86') as Extract<PyValue, { type: 'tuple' }>;
    expect(value.items[0]).toBe(value.items[1]);
  });

  test('memo indices with gaps, out of order, set twice → what was put last', () => {
    expect(root('K\x07q\x050K\x01q\x010K\x02q\x010h\x01h\x05\x86')).toEqual({ type: 'tuple', items: [2, 7] });
    expect(root('K\x07r\xff\xff\xff\xff0j\xff\xff\xff\xff')).toBe(7);
  });

  test('POP, POP_MARK, DUP → the stack as Python would have it', () => {
    expect(root('K\x01K\x020')).toBe(1);
    expect(root('K\x01(K\x02K\x031')).toBe(1);
    expect(root('K\x012\x86')).toEqual({ type: 'tuple', items: [1, 1] });
  });

  test("keys 1, '1', 1.5, (1,), b'1', None → six keys; 1, True, 1.0 → one", () => {
    const value = dict(
      root(
        '}(K\x01N',
        unicode('1'),
        'N',
        float(1.5),
        'NK\x01\x85N',
        global('_codecs', 'encode'),
        unicode('1'),
        unicode('latin1'),
        '\x86RNNNu',
      ),
    );
    expect(value.size).toBe(6);
    expect(value.has(1) && value.has('1') && value.has({ type: 'tuple', items: [1] })).toBe(true);
    const merged = dict(root('}(K\x01', unicode('first'), '\x88', unicode('second'), float(1), unicode('third'), 'u'));
    expect([...merged.entries()]).toEqual([[1, 'third']]);
  });

  test('tuples as keys → by content, so that (1, "2") and ("1", 2) differ', () => {
    const value = dict(
      root('}(K\x01', unicode('2'), '\x86', unicode('a'), unicode('1'), 'K\x02\x86', unicode('b'), 'u'),
    );
    expect(value.get({ type: 'tuple', items: [1, '2'] })).toBe('a');
    expect(value.get({ type: 'tuple', items: ['1', 2] })).toBe('b');
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then'])(
    'key %s → data, nothing else',
    (key) => {
      const value = dict(root('}', unicode(key), '}', unicode('polluted'), '\x88ss'));
      expect([...value.keys()]).toEqual([key]);
      expect(value.get('polluted')).toBeUndefined();
      expect(dict(root('}')).get(key)).toBeUndefined();
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    },
  );

  test('OrderedDict with BUILD → ordered, its state kept', () => {
    const value = dict(
      root(global('collections', 'OrderedDict'), ')R', unicode('a'), 'K\x01s}', unicode('_metadata'), 'Nsb'),
    );
    expect(value).toMatchObject({ ordered: true, size: 1 });
    expect(isDict(value.attributes)).toBe(true);
    expect(pythonTypeName(value)).toBe('OrderedDict');
  });
});

describe('lists of floats', () => {
  const values = (count: number): Float64Array => Float64Array.from({ length: count }, (_, i) => i / 7);
  const batch = (numbers: Float64Array): Buffer => joinParts(['(', ...Array.from(numbers, float), 'e']);

  test('MARK, floats, APPENDS → one run per batch, no value in memory', () => {
    const file = readPickleBytes(buildPickle([']', batch(values(1000)), batch(values(3))]));
    if (!isList(file.root)) throw new Error('not a list');
    expect(file.root).toMatchObject({ length: 1003, floatCount: 1003 });
    expect(file.root.parts).toEqual([
      { type: 'float-run', offset: 4, count: 1000, firstNonFinite: undefined, allZero: undefined },
      { type: 'float-run', offset: 4 + 9002, count: 3, firstNonFinite: undefined, allZero: undefined },
    ]);
    const into = new Float64Array(1003);
    readFloatList(file, file.root, into);
    expect(into.subarray(1000)).toEqual(values(3));
  });

  test('a run across several windows → whole', () => {
    const numbers = values(300_000);
    const file = readPickleBytes(buildPickle([']', batch(numbers)]));
    if (!isList(file.root)) throw new Error('not a list');
    const into = new Float64Array(numbers.length);
    readFloatList(file, file.root, into);
    expect(into).toEqual(numbers);
  });

  test('runs of any length, at any place relative to the windows → the same count', () => {
    const plan = fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(plan, fc.nat({ max: 2000 }), (lengths, shift) => {
        const parts = lengths.map((length) => batch(new Float64Array(length)));
        const { root: list } = readPickleBytes(buildPickle([unicode('x'.repeat(shift)), '0]', ...parts]));
        expect(isList(list) && list.parts.map((part) => (part as { count: number }).count)).toEqual(lengths);
      }),
      { numRuns: 25 },
    );
  });

  test('floats in a tuple, in a dict, beside other values → single floats', () => {
    expect(root('(', float(1), float(2), 't')).toEqual({ type: 'tuple', items: [floatOf(1), floatOf(2)] });
    expect(root('](', float(1), 'Ne')).toMatchObject({ length: 2, floatCount: 1, parts: [floatOf(1), null] });
    expect(dict(root('}(', float(1), float(2), 'u')).get(1)).toEqual(floatOf(2));
    expect(root('](', float(1), float(2), 'ta')).toMatchObject({
      parts: [{ type: 'tuple', items: [floatOf(1), floatOf(2)] }],
    });
  });
});
