import { describe, expect, test } from 'vitest';
import { TorchFileError } from '../../../../src/torch/index.ts';
import { buildPickle, global, joinParts, unicode } from '../../../support/build-pickle.ts';
import type { PicklePart } from '../../../support/build-pickle.ts';
import { describeValue } from '../../../support/describe-value.ts';
import { readPickleBytes } from '../../../support/torch-samples.ts';

/** Put in the middle of a call, it changes nothing but that the call is no longer what the pickler writes. */
const NOTHING = 'N0';

const put = (index: number): Buffer => Buffer.from([0x71, index]);
const get = (index: number): Buffer => Buffer.from([0x68, index]);
const longPut = (index: number): Buffer => Buffer.from([0x72, index, 0, 0, 0]);
const longGet = (index: number): Buffer => Buffer.from([0x6a, index, 0, 0, 0]);

/** Memo indices after {@link head}. */
const REBUILD = 1;
const STORAGE = 2;
const TYPE = 3;
const CPU = 4;
const HOOKS = 5;
const FIRST = 6;

/** A list (memo 0), and everything that a call fetches. */
const head = (storageType = 'FloatStorage'): Buffer =>
  joinParts([
    ...[']', put(0)],
    ...[global('torch._utils', '_rebuild_tensor_v2'), put(REBUILD), '0'],
    ...[unicode('storage'), put(STORAGE), '0', global('torch', storageType), put(TYPE), '0'],
    ...[unicode('cpu'), put(CPU), '0', global('collections', 'OrderedDict'), put(HOOKS), '0'],
  ]);

interface CallParts {
  key?: string;
  memo?: number;
  numel?: PicklePart;
  offset?: PicklePart;
  length?: PicklePart;
  stride?: PicklePart;
  storageWord?: number;
  type?: number;
  location?: number;
  hooks?: number;
  wide?: boolean;
  /** Opcode that makes the tuples of sizes and of strides. */
  tuple?: string;
  grad?: number;
  /** Memo index of the key, in place of the key. */
  knownKey?: number;
}

/** One call as the pickler writes it; with `nothing`, the same call in a form that is read opcode by opcode. */
function call(parts: CallParts, nothing: string): Buffer {
  const { key = '0', memo = FIRST, numel = 'K\x04', offset = 'K\0', length = 'K\x03', stride = 'K\x01' } = parts;
  const { storageWord = STORAGE, type = TYPE, location = CPU, hooks = HOOKS, tuple = '\x85', grad = 0x89 } = parts;
  const [g, p] = parts.wide ? [longGet, longPut] : [get, put];
  const keyParts = parts.knownKey === undefined ? [unicode(key), p(memo)] : [g(parts.knownKey)];
  const next = memo + keyParts.length - 1;
  const id = ['(', g(storageWord), g(type), ...keyParts, g(location), numel, 't', p(next), 'Q'];
  const size = [length, tuple, p(next + 1), stride, tuple, p(next + 2)];
  const rest = [grad, g(hooks), ')R', p(next + 3), 't', p(next + 4), 'R', p(next + 5)];
  return joinParts([g(REBUILD), '(', nothing, ...id, offset, ...size, ...rest]);
}

/** A call behind its global, with an empty memo: everything it fetches has index 2^32 - 1. */
function callWithHighestIndices(nothing: string): Buffer {
  const far = Buffer.from([0x6a, 0xff, 0xff, 0xff, 0xff]);
  const id = ['(', far, far, unicode('0'), put(0), far, 'K\x04', 't', put(1), 'Q'];
  const size = ['K\0', 'K\x03', '\x85', put(2), 'K\x01', '\x85', put(3)];
  return joinParts(['(', nothing, ...id, ...size, 0x89, far, ')R', put(4), 't', put(5), 'R', put(6)]);
}

/** What does not fit between a call and the end of the pickle, so that the call is looked at as a whole. */
const PADDING = joinParts([unicode('x'.repeat(170)), '0']);

const STORAGES = Object.fromEntries(['0', '1', '2', '10'].map((key) => [key, Buffer.alloc(16, Number(key) + 1)]));

/** The list of everything in `items`, or the error. */
function outcome(items: (nothing: string) => PicklePart[], nothing: string, start: PicklePart, protocol: number) {
  const pickle = buildPickle([start, '(', ...items(nothing), 'e', PADDING], protocol);
  try {
    // Lengths and offsets differ by those of the part that changes nothing.
    const file = readPickleBytes(pickle, STORAGES);
    const storages = file.storages.map((storage) => ({ ...storage, dataOffset: 0 }));
    return { value: describeValue(file, file.root), storages };
  } catch (error) {
    if (!(error instanceof TorchFileError)) throw error;
    return { code: error.code, message: error.message.replace(/(at offset|only) \d+/gu, '$1 …') };
  }
}

const three = (nothing: string): PicklePart[] => [
  call({ key: '0', memo: FIRST }, nothing),
  call({ key: '1', memo: FIRST + 7 }, nothing),
  call({ key: '2', memo: FIRST + 14 }, nothing),
];

type Case = [string, (nothing: string) => PicklePart[], start?: PicklePart, protocol?: number];

const accepted: Case[] = [
  ['three vectors', three],
  ['indices of 4 bytes', (n) => [call({ wide: true }, n), call({ wide: true, key: '1', memo: FIRST + 7 }, n)]],
  ['the same storage twice', (n) => [call({}, n), call({ memo: FIRST + 7 }, n)]],
  [
    'the same storage with a second location',
    (n) => [
      call({}, n),
      unicode('cuda:0'),
      put(CPU),
      '0',
      call({ memo: FIRST + 7 }, n),
      get(FIRST + 1),
      get(FIRST + 8),
    ],
  ],
  ['storages out of order', (n) => [call({ key: '10' }, n), call({ key: '0', memo: FIRST + 7 }, n)]],
  ['an empty vector', (n) => [call({ length: 'K\0' }, n)]],
  ['numbers of 2 and 4 bytes', (n) => [call({ numel: 'M\x04\0', length: 'J\x02\0\0\0' }, n)]],
  ['int64', (n) => [call({ numel: 'K\x02', length: 'K\x02' }, n)], head('LongStorage')],
  ['an offset', (n) => [call({ offset: 'K\x01' }, n)]],
  ['a stride of 2', (n) => [call({ length: 'K\x02', stride: 'K\x02' }, n)]],
  ['a matrix', (n) => [call({ length: 'K\x02K\x02', stride: 'K\x02K\x01', tuple: '\x86' }, n)]],
  ['three dimensions', (n) => [call({ length: 'K\x02K\x01K\x02', stride: 'K\x02K\x02K\x01', tuple: '\x87' }, n)]],
  [
    'four dimensions',
    (n) => [
      call({ length: '(KKKK'.replaceAll('K', 'K\x01'), stride: '(KKKK'.replaceAll('K', 'K\x01'), tuple: 't' }, n),
    ],
  ],
  ['requires_grad that is no bool', (n) => [call({ grad: 0x4e }, n)]],
  ['requires_grad', (n) => [call({ grad: 0x88 }, n), get(FIRST + 5)]],
  [
    'views of one storage, parts fetched again',
    (n) => [
      call({}, n),
      call({ knownKey: FIRST, memo: FIRST + 7, offset: 'K\x01' }, n),
      call({ knownKey: FIRST, memo: FIRST + 13, length: 'K\x01' }, n),
      ...[7, 8, 9, 10, 11, 12, 13, 18].map((i) => get(FIRST + i)),
    ],
  ],
  ['parts fetched again, twice', (n) => [...three(n), ...[0, 2, 3, 4, 5, 6, 7, 13, 4].map((i) => get(FIRST + i))]],
  ['a part replaced', (n) => [...three(n), 'K\x07', put(FIRST + 9), get(FIRST + 9), get(FIRST + 16), get(FIRST + 20)]],
  ['a part replaced by None', (n) => [...three(n), 'N', put(FIRST + 9), '0', get(FIRST + 9)]],
  [
    'another text memoized between',
    (n) => [three(n)[0] ?? '', unicode('a'), put(FIRST + 7), call({ key: '1', memo: FIRST + 8 }, n)],
  ],
  ['a memo numbered otherwise', (n) => [call({ memo: FIRST + 20 }, n), get(FIRST + 26)]],
  ['MEMOIZE behind', (n) => [...three(n), unicode('m'), 0x94, get(FIRST + 21)], head(), 4],
  ['hooks filled afterwards', (n) => [three(n)[0] ?? '', get(FIRST + 4), unicode('k'), 'K\x01s', get(FIRST + 4)]],
];

const refused: Case[] = [
  ['a storage that is missing', (n) => [call({ key: '7' }, n)]],
  ['a storage of another size', (n) => [call({ numel: 'K\x05' }, n)]],
  [
    'a storage with a second type',
    (n) => [call({}, n), global('torch', 'IntStorage'), put(TYPE), '0', call({ memo: FIRST + 7 }, n)],
  ],
  ['a tensor beyond its storage', (n) => [call({ length: 'K\x05' }, n)]],
  ['a matrix beyond its storage', (n) => [call({ length: 'K\x03K\x02', stride: 'K\x02K\x01', tuple: '\x86' }, n)]],
  ['sizes without strides', (n) => [call({ length: 'K\x02K\x02', tuple: '\x86' }, n)]],
  [
    'more elements than a number can count',
    (n) => [call({ length: 'J\xff\xff\xff\x7f'.repeat(3), stride: 'K\0'.repeat(3), tuple: '\x87' }, n)],
  ],
  ['a key that is no text', (n) => [call({ knownKey: TYPE }, n)]],
  ['another word than storage', (n) => [call({ storageWord: CPU }, n)]],
  ['a type that is text', (n) => [call({ type: CPU }, n)]],
  ['a location that is no text', (n) => [call({ location: TYPE }, n)]],
  ['hooks that are no OrderedDict', (n) => [call({ hooks: TYPE }, n)]],
  ['a memo index that was never set', (n) => [call({ hooks: 200 }, n)]],
  [
    'a call before anything was memoized, with the highest memo index there is',
    (n) => [global('torch._utils', '_rebuild_tensor_v2'), callWithHighestIndices(n)],
    ']',
  ],
  ['a negative length', (n) => [call({ length: 'J\xff\xff\xff\xff' }, n)]],
  ['a part that was never made', (n) => [...three(n), get(FIRST + 21)]],
];

describe('a tensor, as a whole and opcode by opcode', () => {
  test.each(accepted)('%s → the same values', (_, items, start = head(), protocol = 2) => {
    const whole = outcome(items, '', start, protocol);
    expect(whole).toEqual(outcome(items, NOTHING, start, protocol));
    expect(whole).toHaveProperty('value');
  });

  test.each(refused)('%s → the same error', (_, items, start = head(), protocol = 2) => {
    const whole = outcome(items, '', start, protocol);
    expect(whole).toEqual(outcome(items, NOTHING, start, protocol));
    expect(whole).toHaveProperty('code');
  });

  test('every byte of a call replaced by any other → the same outcome', () => {
    const length = call({}, '').length;
    for (let at = 3; at < length; at++) {
      for (const byte of [0, 1, 2, 3, 4, 5, 6, 7, 0x28, 0x29, 0x4b, 0x4d, 0x4a, 0x52, 0x68, 0x71, 0x74, 0x85, 0xff]) {
        const changed = (nothing: string): PicklePart[] => {
          const bytes = call({}, nothing);
          bytes[at + nothing.length] = byte;
          return [bytes, call({ key: '1', memo: FIRST + 7 }, nothing)];
        };
        expect(outcome(changed, '', head(), 2), `byte ${at} = ${byte}`).toEqual(outcome(changed, NOTHING, head(), 2));
      }
    }
  });
});
