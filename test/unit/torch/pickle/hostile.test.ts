import { describe, expect, test } from 'vitest';
import { Op, REFUSED } from '../../../../src/torch/pickle/opcodes.ts';
import { readBuffer, readPickleBytes, refusal } from '../../../support/torch-samples.ts';
import { TorchFileError } from '../../../../src/torch/index.ts';
import { HOSTILE_GLOBALS } from '../../../support/hostile-globals.ts';
import { hostilePickles } from '../../../support/hostile-pickles.ts';
import { buildTorchZip } from '../../../support/build-zip.ts';
import {
  buildPickle,
  float,
  global,
  int,
  joinParts,
  long,
  storage,
  tensor,
  unicode,
} from '../../../support/build-pickle.ts';
import type { PicklePart } from '../../../support/build-pickle.ts';

const VALUES = Buffer.alloc(16);
const shell = unicode('touch pwned');
/** Any error but a {@link TorchFileError} fails the test. */
function isRefused(read: () => unknown): boolean {
  try {
    read();
    return false;
  } catch (error) {
    if (error instanceof TorchFileError) return true;
    throw error;
  }
}

const refused = (parts: readonly PicklePart[], protocol = 2): ReturnType<typeof refusal> =>
  refusal(() => readPickleBytes(buildPickle(parts, protocol), { 0: VALUES }));

const PICKLES = hostilePickles();

/** Where nothing earlier in the pickle is refused, the name itself must be the reason. */
const NAMING = /: p[2345] (GLOBAL|NEWOBJ|STACK_GLOBAL|REDUCE|names|a dotted)|: (popped|only|as|in|behind)/;

describe('globals outside the allowlist', () => {
  test(`${HOSTILE_GLOBALS.length} names in every form of protocols 0 to 5 → none accepted`, () => {
    expect(HOSTILE_GLOBALS.length).toBeGreaterThan(400);
    expect(PICKLES.length).toBeGreaterThan(15_000);
    const accepted = PICKLES.filter(({ pickle }) => !isRefused(() => readPickleBytes(pickle, { 0: VALUES })));
    expect(accepted.map(({ title }) => title)).toEqual([]);
  });

  test('by name in protocols 2 to 5 → UNSAFE_GLOBAL, naming it', () => {
    const wrong = PICKLES.filter(({ family, title }) => family !== 'techniques' && NAMING.test(title)).filter(
      ({ title, pickle }) => {
        const { code, fault, message } = refusal(() => readPickleBytes(pickle, { 0: VALUES }));
        const named = message.includes(title.slice(0, title.indexOf(': ')));
        return code !== 'UNSAFE_GLOBAL' || fault !== 'incompatible' || !named;
      },
    );
    expect(wrong.map(({ title }) => title)).toEqual([]);
  });

  test('the whole pickle is refused even where the call comes after a sound value', () => {
    const error = refused(['](K\x01', global('os', 'system'), shell, '\x85Re']);
    expect(error).toMatchObject({ code: 'UNSAFE_GLOBAL', record: 'data.pkl', offset: 6 });
    expect(error.message).toBe(
      'record data.pkl: global os.system is not on the allowlist: it could run code, so it is refused at offset 6',
    );
  });

  test.each([
    ['GLOBAL with a newline in the name by STACK_GLOBAL', [unicode('torch\nFloatStorage'), unicode(''), '\x93']],
    ['STACK_GLOBAL of something that is not text', ['NN\x93']],
    ['GLOBAL without an end', ['ctorch']],
    ['GLOBAL of 300 characters', [`c${'x'.repeat(300)}\ny\n`]],
  ] as [string, PicklePart[]][])('%s → refused', (_, parts) => {
    refused(parts, 4);
  });
});

describe('opcodes that torch.save does not write', () => {
  test.each([
    ['INT', 'I1\n'],
    ['LONG', 'L1L\n'],
    ['FLOAT', 'F1\n'],
    ['STRING', "S'a'\n"],
    ['UNICODE', 'Va\n'],
    ['INST', '(ios\nsystem\n'],
    ['OBJ', '(cos\nsystem\no'],
    ['PERSID', 'P1\n'],
    ['GET', 'g0\n'],
    ['PUT', 'Np0\n'],
    ['DICT', '(d'],
    ['LIST', '(l'],
    ['EXT1', '\x82\x01'],
    ['EXT2', '\x83\x01\0'],
    ['EXT4', '\x84\x01\0\0\0'],
    ['LONG4', '\x8b\x01\0\0\0\x01'],
    ['NEXT_BUFFER', '\x97'],
    ['READONLY_BUFFER', 'N\x98'],
  ])('%s → refused', (_, opcodes) => {
    const error = refused([opcodes]);
    expect(['UNSUPPORTED_PICKLE', 'UNSAFE_GLOBAL']).toContain(error.code);
  });

  test('every byte that is no opcode → BROKEN_PICKLE', () => {
    const known = new Set([...Object.values(Op), ...REFUSED.keys()]);
    for (let byte = 0; byte < 256; byte++) {
      if (known.has(byte)) continue;
      const hex = byte.toString(16).padStart(2, '0');
      expect(refused([byte])).toMatchObject({
        code: 'BROKEN_PICKLE',
        message: expect.stringContaining(`opcode 0x${hex}`),
      });
    }
    expect(known.size).toBe(68);
  });

  test.each([0, 1, 6, 255])('PROTO %d → refused', (protocol) => {
    expect(refused(['N'], protocol).code).toBe('UNSUPPORTED_PICKLE');
  });

  test('no PROTO, a second PROTO, bytes after STOP, no STOP, empty → refused', () => {
    expect(refusal(() => readPickleBytes(Buffer.from('N.'))).code).toBe('UNSUPPORTED_PICKLE');
    expect(refused(['\x80\x02N']).code).toBe('BROKEN_PICKLE');
    expect(refused(['N.N']).message).toContain('after it');
    expect(refusal(() => readPickleBytes(Buffer.from('\x80\x02N', 'latin1'))).code).toBe('BROKEN_PICKLE');
    expect(refusal(() => readPickleBytes(Buffer.alloc(0))).code).toBe('UNSUPPORTED_PICKLE');
  });
});

describe('misuse of what is allowed', () => {
  test.each<[string, PicklePart[]]>([
    ['SETITEM on a list', [']K\0Ns']],
    ['SETITEM on a tensor', [tensor(), 'K\0Ns']],
    ['SETITEMS on text', [unicode('a'), '(K\0Nu']],
    ['SETITEMS with half a pair', ['}(K\0u']],
    ['APPEND on a dict', ['}Na']],
    ['APPENDS on a tuple', [')(Ne']],
    ['ADDITEMS on a list', ['](N\x90']],
    ['BUILD on a dict', ['}}b']],
    ['BUILD on a global', [global('torch', 'Tensor'), '}b']],
    ['BUILD on text', [unicode('a'), '}b']],
    ['REDUCE on an int', ['K\x01)R']],
    ['REDUCE on a token', [global('torch', 'float32'), ')R']],
    ['REDUCE without a tuple', [global('collections', 'OrderedDict'), 'NR']],
    ['REDUCE on an object made by REDUCE', [global('collections', 'OrderedDict'), ')R)R']],
    ['NEWOBJ of a function', [global('torch._utils', '_rebuild_tensor_v2'), ')\x81']],
    ['NEWOBJ of Tensor without BUILD', [global('torch', 'Tensor'), ')\x81']],
    ['OrderedDict with items', [global('collections', 'OrderedDict'), ']\x85R']],
    ['_codecs.encode with another codec', [global('_codecs', 'encode'), unicode('a'), unicode('rot13'), '\x86R']],
    ['_codecs.encode of an int', [global('_codecs', 'encode'), 'K\x01', unicode('latin1'), '\x86R']],
    [
      'a numpy array without BUILD',
      [global('numpy.core.multiarray', '_reconstruct'), global('numpy', 'ndarray'), ')K\0\x87R'],
    ],
    [
      '_reconstruct of another type',
      [global('numpy.core.multiarray', '_reconstruct'), global('torch', 'Tensor'), ')K\0\x87R'],
    ],
    ['numpy dtype of a record', [global('numpy', 'dtype'), unicode('f4,f4'), '\x85R']],
    ['a persistent id that is text', [unicode('0'), 'Q']],
    ['a persistent id of another kind', ['(', unicode('module'), 'NNNNtQ']],
    [
      'a persistent id with a view',
      ['(', unicode('storage'), global('torch', 'FloatStorage'), unicode('0'), unicode('cpu'), int(4), 'NtQ'],
    ],
    ['a storage type that is a dtype', [storage('0', 4, 'float32')]],
    ['a list as a key', ['}]Ns']],
    ['a tuple with a list in it as a key', ['}]\x85Ns']],
    ['reading an empty memo', ['h\x05']],
    ['popping an empty stack', ['0N']],
    ['popping past a MARK', ['N(0N']],
    ['APPENDS without MARK', [']Ne']],
    ['an open MARK at STOP', ['N(N']],
    ['two values at STOP', ['NN']],
    ['text beyond the pickle', ['X\xff\xff\xff\xffabc']],
    ['BINUNICODE8 of 2^63', ['\x8d\0\0\0\0\0\0\0\x80abc']],
    ['a frame of 2^63', ['\x95\0\0\0\0\0\0\0\x80N']],
    ['LONG1 of 255 bytes that are not there', ['\x8a\xff\x01']],
    ['text that is not UTF-8', [unicode(Buffer.from([0xff, 0xfe]))]],
    ['BINSTRING that is not ASCII', ['U\x01\xff']],
  ])('%s → refused', (_, parts) => {
    refused(parts);
  });

  test.each<[string, PicklePart[]]>([
    ['a list in itself', [']q\0h\0a']],
    ['a dict in its own values', ['}q\0', unicode('a'), 'h\0s']],
    ['a list in a tuple in it', [']q\0h\0\x85a']],
    ['an OrderedDict in its state', [global('collections', 'OrderedDict'), ')Rq\0h\0b']],
  ])('%s → CYCLE', (_, parts) => {
    expect(refused(parts)).toMatchObject({ code: 'CYCLE', fault: 'incompatible' });
  });
});

describe('tensors that do not fit their storage', () => {
  test.each<[string, Parameters<typeof tensor>[0], string]>([
    ['half the bytes declared', { numel: 2 }, 'STORAGE_SIZE'],
    ['one element more', { numel: 5 }, 'STORAGE_SIZE'],
    ['one element less', { numel: 3 }, 'STORAGE_SIZE'],
    ['the same count of larger elements', { type: 'DoubleStorage' }, 'STORAGE_SIZE'],
    ['2^62 elements', { numel: long(2n ** 62n) }, 'BROKEN_PICKLE'],
    ['a negative count', { numel: int(-1) }, 'BROKEN_PICKLE'],
    ['a missing record', { key: '1' }, 'MISSING_RECORD'],
    ['a key that climbs', { key: '../data.pkl' }, 'MISSING_RECORD'],
    ['a key of the pickle itself', { key: '../data.pkl', numel: 1 }, 'MISSING_RECORD'],
    ['a shape too long', { size: [int(5)] }, 'VIEW_OUT_OF_BOUNDS'],
    ['an offset of 1', { offset: int(1) }, 'VIEW_OUT_OF_BOUNDS'],
    ['a negative offset', { offset: int(-1) }, 'VIEW_OUT_OF_BOUNDS'],
    ['a negative size', { size: [int(-4)] }, 'VIEW_OUT_OF_BOUNDS'],
    ['a negative stride', { stride: [int(-1)] }, 'VIEW_OUT_OF_BOUNDS'],
    ['a stride of 2', { stride: [int(2)] }, 'VIEW_OUT_OF_BOUNDS'],
    ['a stride of 2^53 − 1', { size: [int(3)], stride: [long(2n ** 53n - 1n)] }, 'VIEW_OUT_OF_BOUNDS'],
    ['a stride of 2^62', { size: [int(3)], stride: [long(2n ** 62n)] }, 'VIEW_OUT_OF_BOUNDS'],
    [
      'products that wrap around 2^64',
      { size: [long(2n ** 33n), long(2n ** 33n)], stride: [long(2n ** 31n), int(0)] },
      'UNSUPPORTED_TENSOR',
    ],
    ['2^60 elements by stride 0', { size: [long(2n ** 60n)], stride: [int(0)] }, 'VIEW_OUT_OF_BOUNDS'],
    ['sizes and strides of different rank', { size: [int(2), int(2)] }, 'BROKEN_PICKLE'],
    ['65 dimensions', { size: Array(65).fill(int(1)), stride: Array(65).fill(int(1)) }, 'LIMIT_EXCEEDED'],
    ['a size that is a float', { size: [float(4)] }, 'BROKEN_PICKLE'],
  ])('%s → refused', (_, parts, code) => {
    expect(refused([tensor(parts)]).code).toBe(code);
  });

  test('the same storage declared twice with different types → refused', () => {
    expect(refused(['](', storage('0', 4), storage('0', 4, 'IntStorage'), 'e']).code).toBe('BROKEN_PICKLE');
  });

  test('a storage key of a megabyte → a short message', () => {
    expect(refused([tensor({ key: 'k'.repeat(1_000_000) })]).message).toHaveLength(1001);
  });

  test('a storage-size message → record, offset, expected and found', () => {
    const { message } = refused([tensor({ numel: 5 })]);
    expect(message).toMatch(/^record data\/0 at offset \d+ has 16 bytes, expected 20 for 5 elements of float32$/);
  });
});

describe('resource bombs', () => {
  const repeat = (text: string, count: number): Buffer => Buffer.alloc(text.length * count, text, 'latin1');

  /** Refused, with little memory on top of the pickle itself. */
  function bomb(parts: readonly PicklePart[]): string {
    const { bytes } = buildTorchZip(buildPickle(parts));
    const before = process.memoryUsage().rss;
    const error = refusal(() => readBuffer(bytes));
    expect(process.memoryUsage().rss - before).toBeLessThan(160 << 20);
    return error.code;
  }

  test.each<[string, () => PicklePart[]]>([
    ['10^7 MARKs', () => [repeat('(', 10_000_000)]],
    ['10^7 values on the stack', () => [repeat('N', 10_000_000)]],
    ['10^7 empty lists in lists', () => [']', ...Array(10_000).fill(joinParts(['(', repeat(']', 1000), 'e']))]],
    ['10^6 nested lists', () => [repeat(']', 100_000), repeat('a', 99_999)]],
    ['10^6 dicts', () => [']', ...Array(1000).fill(joinParts(['(', repeat('}', 1000), 'e']))]],
    ['a MARK of 10^6 floats in a tuple', () => ['(', ...Array(300_000).fill(float(1)), 't']],
    [
      'LONG_BINPUT 2^32 − 1, a million times',
      () => ['N', ...Array.from({ length: 1_000_000 }, (_, i) => joinParts(['r', int(i * 4 + 1)])), '00'],
    ],
  ])('%s → refused', (_, parts) => {
    expect(['LIMIT_EXCEEDED', 'BROKEN_PICKLE']).toContain(bomb(parts()));
  });

  test('2^60 references by a DAG of lists → read once each, no blow-up', () => {
    const levels = Array.from({ length: 60 }, (_, i) => joinParts([']q', i + 1, '(h', i, 'h', i, 'e']));
    const { root } = readPickleBytes(buildPickle(['(]q\0', ...levels, 't']));
    expect(root).toMatchObject({ type: 'tuple' });
  });

  test.each<[string, PicklePart[]]>([
    ['references to one long text', [unicode('x'.repeat(100_000)), 'q\x000}(', repeat('h\0', 900), 'tNs']],
    ['a long text', ['}', unicode('x'.repeat(2000)), '\x85Ns']],
    ['long bytes', ['}B', int(2000).subarray(1), Buffer.alloc(2000), 'Ns']],
  ])('%s as a key → refused', (_, parts) => {
    expect(refused(parts).message).toContain('characters as a key');
  });

  test('a set of 200,000 values added at once → read, without a stack overflow', () => {
    const { root } = readPickleBytes(buildPickle(['\x8f(', repeat('N', 200_000), '\x90'], 4));
    expect(root).toMatchObject({ type: 'set', frozen: false });
  });

  test('2^60 nodes in a tuple used as a key → refused', () => {
    const levels = Array.from({ length: 60 }, (_, i) => joinParts(['h', i, 'h', i, '\x86q', i + 1, '0']));
    expect(refused(['}K\x01q\x000', ...levels, 'h\x3cNs']).message).toContain('as a key');
  });
});
