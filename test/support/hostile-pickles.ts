import { float, global, int, joinParts, storage, tensor, unicode } from './build-pickle.ts';
import type { PicklePart } from './build-pickle.ts';
import { HOSTILE_GLOBALS } from './hostile-globals.ts';

export interface HostilePickle {
  /** Gadget family or technique. */
  readonly family: string;
  readonly title: string;
  readonly pickle: Buffer;
}

const COMMAND = 'touch pwned';
const shell = unicode(COMMAND);
const shortText = (text: string): Buffer => joinParts(['\x8c', Buffer.byteLength(text), Buffer.from(text)]);

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function whole(protocol: number, parts: readonly PicklePart[]): Buffer {
  return joinParts([0x80, protocol, ...parts, '.']);
}

/** As Python's own pickler of protocol 4 and 5 writes it. */
function framed(protocol: number, parts: readonly PicklePart[]): Buffer {
  const body = joinParts([...parts, '.']);
  return joinParts([0x80, protocol, 0x95, u64(body.length), body]);
}

type Form = (module: string, name: string) => Buffer;

/** Ways to name a global and have it called, one for each that a protocol has. */
const CALLS: Readonly<Record<string, Form>> = {
  'p0 GLOBAL, REDUCE': (m, n) => joinParts([global(m, n), `(S'${COMMAND}'\ntR.`]),
  'p0 INST': (m, n) => joinParts([`(S'${COMMAND}'\ni${m}\n${n}\n.`]),
  'p0 with PROTO': (m, n) => whole(0, [global(m, n), `(V${COMMAND}\ntp0\nRp1\n`]),
  'p1 GLOBAL, REDUCE': (m, n) => joinParts([global(m, n), '(U', COMMAND.length, COMMAND, 'tR.']),
  'p1 OBJ': (m, n) => joinParts(['(', global(m, n), 'U', COMMAND.length, COMMAND, 'o.']),
  'p1 with PROTO': (m, n) => whole(1, [global(m, n), 'q\0(', shell, 'tq\x01R']),
  'p2 GLOBAL, REDUCE': (m, n) => whole(2, [global(m, n), shell, '\x85R']),
  'p2 GLOBAL alone': (m, n) => whole(2, [global(m, n)]),
  'p2 NEWOBJ': (m, n) => whole(2, [global(m, n), shell, '\x85\x81']),
  'p2 NEWOBJ, BUILD': (m, n) => whole(2, [global(m, n), ')\x81}b']),
  'p2 INST': (m, n) => whole(2, ['(', shell, `i${m}\n${n}\n`]),
  'p2 OBJ': (m, n) => whole(2, ['(', global(m, n), shell, 'o']),
  'p3 REDUCE with bytes': (m, n) => whole(3, [global(m, n), 'C', COMMAND.length, COMMAND, '\x85R']),
  'p3 NEWOBJ': (m, n) => whole(3, [global(m, n), 'B', int(COMMAND.length).subarray(1), COMMAND, '\x85\x81']),
  'p4 STACK_GLOBAL, REDUCE': (m, n) => framed(4, [shortText(m), '\x94', shortText(n), '\x94\x93\x94', shell, '\x85R']),
  'p4 names from the memo': (m, n) => framed(4, [shortText(m), '\x940', shortText(n), '\x940h\0h\x01\x93)R']),
  'p4 names by DUP': (m, n) => framed(4, [shortText(m), '2', shortText(n), '\x93', shell, '\x85R']),
  'p4 a dotted name': (m, n) =>
    framed(4, [shortText(m.split('.')[0] ?? ''), shortText([...m.split('.').slice(1), n].join('.')), '\x93)R']),
  'p4 NEWOBJ_EX': (m, n) => framed(4, [shortText(m), shortText(n), '\x93)}', shortText('shell'), '\x88s\x92']),
  'p5 REDUCE with a bytearray': (m, n) =>
    framed(5, [shortText(m), shortText(n), '\x93\x96', u64(COMMAND.length), COMMAND, '\x85R']),
  'p5 NEWOBJ_EX': (m, n) => framed(5, [shortText(m), shortText(n), '\x93', shell, '\x85}\x92']),
};

const someStorage = storage('0', 4);
const view = joinParts([int(0), '(', int(4), 't(', int(1), 't', 0x89, global('collections', 'OrderedDict'), ')R']);

/** Places where a name is not called, or not at once, or is expected to be something else. */
const HIDDEN: Readonly<Record<string, Form>> = {
  'popped at once': (m, n) => whole(2, ['N', global(m, n), '0']),
  'popped with its MARK': (m, n) => whole(2, ['N(', global(m, n), '1']),
  'only in the memo': (m, n) => whole(2, ['N', global(m, n), 'q\0', '0h\0\x85R']),
  'as a key': (m, n) => whole(2, ['}', global(m, n), 'Ns']),
  'as a value behind sound ones': (m, n) =>
    whole(2, ['}(', unicode('ids'), ']', unicode('data'), global(m, n), shell, '\x85Ru']),
  'in the state of a dict': (m, n) =>
    whole(2, [global('collections', 'OrderedDict'), ')R}', unicode('x'), global(m, n), 'sb']),
  'as the argument of OrderedDict': (m, n) => whole(2, [global('collections', 'OrderedDict'), global(m, n), '\x85R']),
  'as the type of a storage': (m, n) =>
    whole(2, ['(', unicode('storage'), global(m, n), unicode('0'), unicode('cpu'), int(4), 'tQ']),
  'as a persistent id': (m, n) => whole(2, [global(m, n), 'Q']),
  'as the hooks of a tensor': (m, n) =>
    whole(2, [
      global('torch._utils', '_rebuild_tensor_v2'),
      '(',
      someStorage,
      int(0),
      '()(',
      '))',
      0x89,
      global(m, n),
      'tR',
    ]),
  'as the hooks of a parameter': (m, n) =>
    whole(2, [global('torch._utils', '_rebuild_parameter'), tensor(), 0x88, global(m, n), '\x87R']),
  'as a dtype': (m, n) =>
    whole(2, [global('torch._utils', '_rebuild_tensor_v3'), '(', someStorage, view, global(m, n), 'tR']),
  'as what _rebuild_from_type_v2 calls': (m, n) =>
    whole(2, [global('torch._tensor', '_rebuild_from_type_v2'), '(', global(m, n), global('torch', 'Tensor'), '))tR']),
  'as the type of a tensor': (m, n) =>
    whole(2, [
      global('torch._tensor', '_rebuild_from_type_v2'),
      '(',
      global('torch._utils', '_rebuild_tensor_v2'),
      global(m, n),
      '))tR',
    ]),
  'as the type of an array': (m, n) =>
    whole(2, [global('numpy.core.multiarray', '_reconstruct'), global(m, n), ')K\0\x87R']),
  'as an element of an object array': (m, n) =>
    whole(2, [
      global('numpy.core.multiarray', '_reconstruct'),
      global('numpy', 'ndarray'),
      ')K\0\x87R(K\x01K\x01\x85',
      global('numpy', 'dtype'),
      unicode('O8'),
      '\x85R',
      0x89,
      ']',
      global(m, n),
      'atb',
    ]),
  'as an argument of what is kept as data': (m, n) =>
    whole(2, [global('torch', 'device'), global(m, n), shell, '\x85R\x85R']),
  'behind a thousand sound values': (m, n) =>
    whole(2, ['](', 'K\x01'.repeat(1000), 'e0', global(m, n), shell, '\x85R']),
};

const orderedDict = joinParts([global('collections', 'OrderedDict'), ')R']);
const device = joinParts([global('torch', 'device'), unicode('cpu'), '\x85R']);

/** What allowed names must not be usable for, and opcodes that reach outside. */
const TECHNIQUES: Readonly<Record<string, readonly PicklePart[]>> = {
  'EXT1 of code 1': ['\x82\x01', shell, '\x85R'],
  'EXT1 of code 0': ['\x82\0'],
  'EXT1 of code 255': ['\x82\xff)R'],
  EXT2: ['\x83\x01\x02', shell, '\x85R'],
  'EXT2 of code 0': ['\x83\0\0'],
  EXT4: ['\x84\x01\0\0\0', shell, '\x85R'],
  'EXT4 of a negative code': ['\x84\xff\xff\xff\xff'],
  PERSID: ['P0\n'],
  NEXT_BUFFER: ['\x97'],
  READONLY_BUFFER: ['N\x98'],
  'BUILD on a list': [']}b'],
  'BUILD on a dict': ['}}', unicode('__class__'), 'Nsb'],
  'BUILD on a tuple': [')}b'],
  'BUILD on a set': ['\x8f}b'],
  'BUILD on text': [shell, '}b'],
  'BUILD on a number': ['K\x01}b'],
  'BUILD on None': ['N}b'],
  'BUILD on a type': [global('torch', 'Tensor'), '}', unicode('__setstate__'), shell, 'sb'],
  'BUILD on a function': [global('torch._utils', '_rebuild_tensor_v2'), '}', unicode('__globals__'), '}sb'],
  'BUILD on a storage': [someStorage, '}b'],
  'BUILD on what is kept as data': [device, '}', unicode('__setstate__'), shell, 'sb'],
  'BUILD of slots on a type': [global('collections', 'OrderedDict'), 'N}', unicode('__init__'), shell, 's\x86b'],
  'BUILD on a numpy scalar': [
    global('numpy.core.multiarray', 'scalar'),
    global('numpy', 'dtype'),
    unicode('i1'),
    '\x85R',
    global('_codecs', 'encode'),
    unicode('a'),
    unicode('latin1'),
    '\x86R\x86R}b',
  ],
  'REDUCE on the result of REDUCE': [orderedDict, ')R'],
  'REDUCE on what is kept as data': [device, shell, '\x85R'],
  'REDUCE on a tensor': [tensor(), ')R'],
  'REDUCE on a storage': [someStorage, ')R'],
  'REDUCE on a dtype': [global('torch', 'float32'), ')R'],
  'REDUCE on a storage type': [global('torch', 'FloatStorage'), int(1 << 30), '\x85R'],
  'REDUCE on a type that only NEWOBJ makes': [global('torch', 'Tensor'), ')R'],
  'REDUCE on numpy.ndarray': [global('numpy', 'ndarray'), '(', int(1 << 30), 't\x85R'],
  'REDUCE on a numpy dtype': [global('numpy', 'dtype'), unicode('f4'), '\x85R)R'],
  'REDUCE on text': [unicode('os.system'), shell, '\x85R'],
  'REDUCE on bytes': [global('_codecs', 'encode'), unicode('os'), unicode('latin1'), '\x86R)R'],
  'REDUCE on a list': [']', shell, '\x85R'],
  'REDUCE on None': ['N', shell, '\x85R'],
  'REDUCE on True': ['\x88', shell, '\x85R'],
  'REDUCE with a list of arguments': [global('collections', 'OrderedDict'), ']R'],
  'NEWOBJ of a storage type': [global('torch', 'FloatStorage'), ')\x81'],
  'NEWOBJ of a parameter without BUILD': [global('torch.nn.parameter', 'Parameter'), ')\x81'],
  'NEWOBJ of a tensor without BUILD': [global('torch', 'Tensor'), ')\x81'],
  'NEWOBJ of a dict': ['})\x81'],
  'NEWOBJ of numpy.ndarray': [global('numpy', 'ndarray'), ')\x81'],
  'NEWOBJ_EX with keywords': [global('collections', 'OrderedDict'), ')}', unicode('shell'), '\x88s\x92'],
  'INST of an allowed type': ['(icollections\nOrderedDict\n'],
  'OBJ of an allowed type': ['(', global('collections', 'OrderedDict'), 'o'],
  'SETITEM on a tensor': [tensor(), 'K\0Ns'],
  'SETITEM on text': [shell, 'K\0Ns'],
  'SETITEM on a type': [global('collections', 'OrderedDict'), unicode('__init__'), shell, 's'],
  'SETITEMS on a storage': [someStorage, '(K\0Nu'],
  'SETITEMS on a list': ['](K\0Nu'],
  'APPEND on a tensor': [tensor(), 'Na'],
  'APPEND on what is kept as data': [device, 'Na'],
  'APPENDS on a dict': ['}(Ne'],
  'ADDITEMS on a frozenset': ['(\x91(N\x90'],
  '_codecs.encode with a codec that decompresses': [
    global('_codecs', 'encode'),
    unicode('x'),
    unicode('zlib'),
    '\x86R',
  ],
  '_codecs.encode with a codec of its own': [global('_codecs', 'encode'), unicode('x'), unicode('os.system'), '\x86R'],
  'set of text': [global('builtins', 'set'), shell, '\x85R'],
  'bytearray of a huge size': [global('builtins', 'bytearray'), int(0x7fffffff), '\x85R'],
  'bytes of a huge size': [global('builtins', 'bytes'), int(0x7fffffff), '\x85R'],
  'complex of text': [global('builtins', 'complex'), shell, '\x85R'],
  'torch.Size of text': [global('torch', 'Size'), shell, '\x85R'],
  '_frombuffer of an object dtype': [
    global('numpy.core.numeric', '_frombuffer'),
    '(',
    global('_codecs', 'encode'),
    unicode('x'.repeat(8)),
    unicode('latin1'),
    '\x86R',
    global('numpy', 'dtype'),
    unicode('O8'),
    '\x85RK\x01\x85',
    unicode('C'),
    'tR',
  ],
  'scalar of an object dtype': [
    global('numpy.core.multiarray', 'scalar'),
    global('numpy', 'dtype'),
    unicode('O8'),
    '\x85R',
    global('_codecs', 'encode'),
    unicode('x'.repeat(8)),
    unicode('latin1'),
    '\x86R\x86R',
  ],
  'numpy dtype with fields': [
    global('numpy', 'dtype'),
    unicode('V8'),
    '\x85R(K\x03',
    unicode('|'),
    'N',
    unicode('a'),
    '\x85}',
    int(8),
    int(1),
    'K\0tb',
  ],
  'numpy dtype of numbers with the flags of objects': [
    global('numpy', 'dtype'),
    unicode('i8'),
    '\x85R(K\x03',
    unicode('<'),
    'NNN',
    int(-1),
    int(-1),
    'K\x3ftb',
  ],
  'numpy dtype of an alignment trick': [global('numpy', 'dtype'), unicode('f4,O'), '\x85R'],
  'numpy array of 2^62 elements': [
    global('numpy.core.multiarray', '_reconstruct'),
    global('numpy', 'ndarray'),
    ')K\0\x87R(K\x01(\x8a\x08\0\0\0\0\0\0\0\x40t',
    global('numpy', 'dtype'),
    unicode('V0'),
    '\x85R',
    0x89,
    global('_codecs', 'encode'),
    unicode(''),
    unicode('latin1'),
    '\x86Rtb',
  ],
  'numpy array without its BUILD': [
    global('numpy.core.multiarray', '_reconstruct'),
    global('numpy', 'ndarray'),
    ')K\0\x87R',
  ],
  'numpy array that is its own element': [
    global('numpy.core.multiarray', '_reconstruct'),
    global('numpy', 'ndarray'),
    ')K\0\x87Rq\0(K\x01K\x01\x85',
    global('numpy', 'dtype'),
    unicode('O8'),
    '\x85R',
    0x89,
    ']h\0atb',
  ],
  'storage of half the bytes': [tensor({ numel: 2, size: [int(2)] })],
  'storage of a larger type': [tensor({ type: 'DoubleStorage' })],
  'tensor beyond its storage': [tensor({ size: [int(5)] })],
  'tensor with a negative stride': [tensor({ stride: [int(-1)] })],
  'storage of another record': [tensor({ key: '../data.pkl' })],
  'storage whose key is no text': [
    '(',
    unicode('storage'),
    global('torch', 'FloatStorage'),
    int(0),
    unicode('cpu'),
    int(4),
    'tQ',
  ],
  'storage that counts in floats': [
    '(',
    unicode('storage'),
    global('torch', 'FloatStorage'),
    unicode('0'),
    unicode('cpu'),
    float(4),
    'tQ',
  ],
  'persistent id of a module': ['(', unicode('module'), unicode('os'), unicode('os.py'), shell, 'tQ'],
  'STACK_GLOBAL of objects': [orderedDict, unicode('x'), '\x93'],
  'GLOBAL that spans lines': ['cos\r\nsystem\r\n)R'],
  'GLOBAL with NUL': ['cos\0\nsystem\n)R'],
  'GLOBAL with blanks': ['c os \n system \n)R'],
  'GLOBAL in full-width letters': [Buffer.from('c\uff4f\uff53\nsystem\n)R')],
  'GLOBAL without a module': ['c\nsystem\n)R'],
  'STACK_GLOBAL with a newline': [unicode('torch\nTensor'), unicode(''), '\x93'],
};

/** Some 19,000 pickles, of all protocols, none of which may be accepted. */
export function hostilePickles(): HostilePickle[] {
  const named = HOSTILE_GLOBALS.flatMap(({ family, module, name }) =>
    Object.entries({ ...CALLS, ...HIDDEN }).map(([form, build]) => ({
      family,
      title: `${module}.${name}: ${form}`,
      pickle: build(module, name),
    })),
  );
  const techniques = Object.entries(TECHNIQUES).map(([title, parts]) => {
    const protocol = parts.some((part) => typeof part === 'string' && part.includes('\x93')) ? 4 : 2;
    return { family: 'techniques', title, pickle: whole(protocol, parts) };
  });
  return [...named, ...techniques];
}
