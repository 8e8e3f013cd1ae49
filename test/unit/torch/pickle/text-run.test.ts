import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDict, isList, TorchFileError } from '../../../../src/torch/index.ts';
import { buildPickle, joinParts, unicode } from '../../../support/build-pickle.ts';
import type { PicklePart } from '../../../support/build-pickle.ts';
import { describeValue } from '../../../support/describe-value.ts';
import { readPickleBytes } from '../../../support/torch-samples.ts';

/** Put behind MARK, it changes nothing but that the texts are read opcode by opcode. */
const NOTHING = 'N0';

function put(index: number): Buffer {
  if (index <= 0xff) return Buffer.from([0x71, index]);
  const bytes = Buffer.from([0x72, 0, 0, 0, 0]);
  bytes.writeUInt32LE(index, 1);
  return bytes;
}

function get(index: number): Buffer {
  const bytes = put(index);
  bytes[0] = bytes.length === 2 ? 0x68 : 0x6a;
  return bytes;
}

/** BINUNICODE and PUT of each, as the pickler writes them. */
const texts = (values: readonly string[], memo: number): Buffer =>
  joinParts(values.flatMap((value, i) => [unicode(value), put(memo + i)]));

const named = (count: number): string[] => Array.from({ length: count }, (_, i) => `id_${i}`);

/** More than fits between the last text and the end, so that the run is taken to its end. */
const TAIL = joinParts([unicode('x'.repeat(20)), '0']);

function outcome(parts: (nothing: string) => PicklePart[], nothing: string, protocol = 2): unknown {
  try {
    const file = readPickleBytes(buildPickle([']', put(0), ...parts(nothing), get(0), '0', TAIL], protocol));
    return describeValue(file, file.root);
  } catch (error) {
    if (!(error instanceof TorchFileError)) throw error;
    return { code: error.code, message: error.message.replace(/(at offset|only) \d+/gu, '$1 …') };
  }
}

const accepted: [string, (nothing: string) => PicklePart[], number?][] = [
  ['one text', (n) => ['(', n, texts(['a'], 1), 'e']],
  ['texts of no characters', (n) => ['(', n, texts(['', '', ''], 1), 'e']],
  ['memo indices across 255', (n) => ['(', n, texts(named(300), 1), 'e']],
  ['two batches', (n) => ['(', n, texts(named(1000), 1), 'e(', n, texts(named(7), 1001), 'e']],
  ['a text that is not ASCII between', (n) => ['(', n, texts(['a', 'é', 'b'], 1), 'e']],
  ['a long text between', (n) => ['(', n, texts(['a', 'y'.repeat(5000), 'b'], 1), 'e']],
  ['a text twice', (n) => ['(', n, texts(['a', 'b'], 1), get(1), texts(['c'], 3), 'e']],
  ['texts before numbers', (n) => ['(', n, texts(['a', 'b'], 1), 'K\x05', 'e']],
  ['texts that become a tuple', (n) => ['(', n, texts(['a', 'b'], 1), 't', put(3), 'a']],
  ['texts that become keys', (n) => ['}', put(1), '(', n, texts(['k', 'v'], 2), 'u', '0']],
  ['texts fetched afterwards', (n) => ['(', n, texts(named(400), 1), 'e', get(1), 'a', get(399), 'a']],
  [
    'a text replaced in the memo',
    (n) => ['(', n, texts(named(3), 1), 'e', 'K\x07', put(2), 'a', get(2), 'a', get(3), 'a'],
  ],
  ['a text replaced by None in the memo', (n) => ['(', n, texts(named(3), 1), 'eN', put(2), '0', get(2), 'a']],
  ['MEMOIZE behind', (n) => ['(', n, texts(named(3), 1), 'e', unicode('m'), 0x94, 'a', get(4), 'a'], 4],
  ['a memo numbered otherwise', (n) => ['(', n, texts(['a', 'b'], 10), 'e', get(11), 'a']],
  [
    'texts after a memo numbered otherwise',
    (n) => ['(', n, texts(['a'], 9), 'e(', n, texts(['b'], 1), 'e', get(1), 'a'],
  ],
];

const refused: [string, (nothing: string) => PicklePart[]][] = [
  ['a text longer than what is left', (n) => ['(', n, texts(['a'], 1), 'X\xff\xff\0\0', 'e']],
  ['a text that is not UTF-8', (n) => ['(', n, texts(['a'], 1), unicode(Buffer.from([0xff])), put(2), 'e']],
  ['APPENDS to nothing', (n) => ['(', n, texts(['a'], 1), 'e', '0', '(', n, texts(['b'], 2), 'e']],
  ['an index that no text has', (n) => ['(', n, texts(['a'], 1), 'e', get(2), 'a']],
];

describe('texts of a list, as a whole and opcode by opcode', () => {
  test.each(accepted)('%s → the same values', (_, parts, protocol) => {
    const whole = outcome(parts, '', protocol);
    expect(whole).toEqual(outcome(parts, NOTHING, protocol));
    expect(whole).not.toHaveProperty('code');
  });

  test.each(refused)('%s → the same error', (_, parts) => {
    const whole = outcome(parts, '');
    expect(whole).toEqual(outcome(parts, NOTHING));
    expect(whole).toHaveProperty('code');
  });

  test('more texts than the window holds → all of them, in order', () => {
    const values = Array.from({ length: 9_000 }, (_, i) => `${i}_`.repeat(1 + (i % 40)));
    const { root } = readPickleBytes(buildPickle([']', put(0), '(', texts(values, 1), 'e', TAIL]));
    expect(isList(root) && root.parts).toEqual(values);
    expect(root).toMatchObject({ length: 9_000, textCount: 9_000, floatCount: 0 });
  });

  test('any texts → the same as opcode by opcode', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary-ascii', maxLength: 30 }),
      fc.string({ unit: 'binary', maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 400 }), (values) => {
        const parts = (n: string): PicklePart[] => ['(', n, texts(values, 1), 'e'];
        expect(outcome(parts, '')).toEqual(outcome(parts, NOTHING));
      }),
      { numRuns: 50 },
    );
  });

  test('a label that is the id memoized in a run → the same text', () => {
    const ids = ['(', unicode('ids'), put(1), ']', put(2), '(', texts(['a', 'b'], 3), 'e'];
    const label = [unicode('label'), put(5), get(4), 'u'];
    const { root } = readPickleBytes(buildPickle(['}', put(0), ...ids, ...label, TAIL]));
    expect(isDict(root) && root.get('label')).toBe('b');
  });
});
