import { float, global, int, joinParts, tensor, unicode } from './build-pickle.ts';
import type { PicklePart } from './build-pickle.ts';
import { buildPickle } from './build-pickle.ts';
import { buildTorchZip, buildZip } from './build-zip.ts';

/** A small file that asks for much time or memory. */
export interface ResourceBomb {
  readonly title: string;
  /** Some are sound: those must be read, cheaply. */
  readonly accepted: boolean;
  readonly make: () => Buffer;
}

const MEGA = 1_000_000;

function repeat(parts: readonly PicklePart[], count: number): Buffer {
  const bytes = joinParts(parts);
  return Buffer.alloc(bytes.length * count, bytes);
}

/** In lists of a thousand, as Python writes them, inside one list. */
function listed(parts: readonly PicklePart[], count: number): PicklePart[] {
  return [']', repeat(['(', repeat(parts, 1000), 'e'], count / 1000)];
}

/** `count` opcodes with a 4-byte operand each that counts up from `first` by `step`. */
function counting(before: string, after: string, count: number, step = 1): Buffer {
  const size = before.length + 4 + after.length;
  const bytes = Buffer.alloc(size * count, joinParts([before, '\0\0\0\0', after]));
  for (let i = 0; i < count; i++) bytes.writeUInt32LE((i * step) >>> 0, i * size + before.length);
  return bytes;
}

/** A DAG in which every level refers to the one below `width` times. */
function levels(depth: number, width: number, open: string, close: string): PicklePart[] {
  return Array.from({ length: depth }, (_, i) =>
    joinParts([open, ...Array(width).fill(joinParts(['h', i])), close, 'q', i + 1]),
  );
}

const memoized = (name: string, module = 'torch'): PicklePart[] => [global(module, name), 'q\0', '0'];

const REFUSED: Readonly<Record<string, () => readonly PicklePart[]>> = {
  '10^7 MEMOIZEs': () => ['N', repeat(['\x94'], 10 * MEGA)],
  '10^6 texts of two letters': () => listed(['\x8c\x02ab'], MEGA),
  '10^7 MARKs': () => [repeat(['('], 10 * MEGA)],
  '10^7 values on the stack': () => [repeat(['N'], 10 * MEGA)],
  '10^7 DUPs': () => [']', repeat(['2'], 10 * MEGA)],
  '10^7 tuples in tuples': () => [')', repeat(['\x85'], 10 * MEGA)],
  '10^6 lists in lists': () => [repeat([']'], MEGA), repeat(['a'], MEGA - 1)],
  '200,000 lists in lists': () => [repeat([']'], 200_000), repeat(['a'], 199_999)],
  '10^7 empty lists': () => listed([']'], 10 * MEGA),
  '10^7 empty tuples': () => listed([')'], 10 * MEGA),
  '10^7 empty dicts': () => listed(['}'], 10 * MEGA),
  '10^7 empty sets': () => listed(['\x8f'], 10 * MEGA),
  '5 × 10^6 empty frozensets': () => listed(['(\x91'], 5 * MEGA),
  '2 × 10^6 dicts of one entry': () => listed(['}K\0Ns'], 2 * MEGA),
  '2 × 10^6 sets of one': () => listed(['\x8f(K\0\x90'], 2 * MEGA),
  '3 × 10^6 OrderedDicts': () => [...memoized('OrderedDict', 'collections'), ...listed(['h\0)R'], 3 * MEGA)],
  '3 × 10^6 opaque objects': () => [...memoized('device'), ...listed(['h\0)R'], 3 * MEGA)],
  '10^6 numpy dtypes': () => [...memoized('dtype', 'numpy'), ...listed(['h\0\x8c\x02f4\x85R'], MEGA)],
  '10^6 floats in tuples': () => listed([float(1), '\x85'], MEGA),
  'a MARK of 300,000 floats in a tuple': () => ['(', repeat([float(1)], 300_000), 't'],
  '10^6 bytes objects': () => listed(['C\x01x'], MEGA),
  '2^60 nodes in a key': () => [
    '}',
    'K\x01q\x000',
    ...levels(60, 2, '', '\x86').map((level) => joinParts([level, '0'])),
    'h\x3cNs',
  ],
  'a key of 500 references to a text of 2 MB': () => [
    unicode('x'.repeat(2 * MEGA)),
    'q\x000}(',
    repeat(['h\0'], 500),
    'tNs',
  ],
  'a key of 20 references to bytes of 10 MB': () => [
    'B',
    int(10 * MEGA).subarray(1),
    Buffer.alloc(10 * MEGA),
    'q\x000}(',
    repeat(['h\0'], 20),
    'tNs',
  ],
  '200 keys of a text of 1 MB each': () => [
    unicode('x'.repeat(MEGA)),
    'q\x000}(',
    ...Array.from({ length: 200 }, (_, i) => joinParts(['h\0', int(i), '\x86N'])),
    'u',
  ],
  'BINUNICODE8 of 2^63 bytes': () => ['\x8d\0\0\0\0\0\0\0\x80abc'],
  'BINUNICODE of 4 GB': () => ['X\xff\xff\xff\xffabc'],
  'BINBYTES8 of 1 TB': () => ['\x8e\0\0\0\0\0\x01\0\0abc'],
  'a frame of 2^63 bytes': () => ['\x95\0\0\0\0\0\0\0\x80N'],
  'LONG_BINPUT 2^32 - 1': () => ['Nr\xff\xff\xff\xffj\xfe\xff\xff\xff'],
  '10^6 scattered memo entries': () => ['N', counting('r', '', MEGA, 4099), '00'],
  'a tensor of 2^60 elements by stride 0': () => [
    tensor({ size: [int(1 << 30), int(1 << 30)], stride: [int(0), int(0)] }),
  ],
  'a storage of 2^31 elements': () => [tensor({ numel: 0x7fffffff, size: [int(0x7fffffff)] })],
};

const READ: Readonly<Record<string, () => readonly PicklePart[]>> = {
  'LONG1 of 255 bytes, 30,000 times': () => listed(['\x8a\xff', Buffer.alloc(254, 0x7f), '\x7f'], 30_000),
  '2^60 references by a DAG of lists': () => [']q\0', ...levels(60, 2, '](', 'e'), ...Array(60).fill('\x86')],
  '1000^9 references by a DAG of lists': () => [']q\0', ...levels(9, 1000, '](', 'e'), ...Array(9).fill('\x86')],
  '2^60 references by a DAG of dicts': () => [
    '}q\0',
    ...Array.from({ length: 60 }, (_, i) => joinParts(['}(K\0h', i, 'K\x01h', i, 'uq', i + 1])),
    ...Array(60).fill('\x86'),
  ],
  'a dict of 20,000 ints, 100,000 times': () => [
    ...['}q\0(', counting('J', 'K\x01', 20_000), 'u0'],
    ...listed(['h\0'], 100_000),
  ],
  '5 × 10^6 DUPs and POPs': () => ['N', repeat(['20'], 5 * MEGA)],
  '10^6 MARKs and POP_MARKs': () => ['N', repeat(['(NN1'], MEGA)],
  '10^7 NONEs in lists': () => listed(['N'], 10 * MEGA),
  '2 × 10^6 BINPUTs of one index': () => ['N', repeat(['q\0'], 2 * MEGA)],
  '10^6 int keys': () => [
    '}',
    ...Array.from({ length: 1000 }, (_, i) =>
      joinParts([
        '(',
        counting('J', 'N', 1000).map((byte, at) => (at % 6 === 3 ? i & 255 : at % 6 === 4 ? i >> 8 : byte)),
        'u',
      ]),
    ),
  ],
  'a text of 10 MB with one wide character': () => [unicode('x'.repeat(10 * MEGA) + '€')],
  'bytes of 10 MB': () => ['B', int(10 * MEGA).subarray(1), Buffer.alloc(10 * MEGA)],
  '10^6 floats in one list': () => [']', repeat(['(', repeat([float(1)], 1000), 'e'], 1000)],
  '300,000 lists of three floats': () => listed([']', '(', repeat([float(1)], 3), 'e'], 300_000),
};

function directoryBomb(): Buffer {
  const records = Array.from({ length: 50_000 }, (_, key) => ({ name: `data/${key}` }));
  return buildZip([{ name: 'data.pkl', content: buildPickle(['N']) }, ...records, { name: 'version', content: '3\n' }])
    .bytes;
}

function whole(parts: readonly PicklePart[]): Buffer {
  return buildTorchZip(buildPickle(parts, 4), { 0: Buffer.alloc(16) }).bytes;
}

export const RESOURCE_BOMBS: readonly ResourceBomb[] = [
  ...Object.entries(REFUSED).map(([title, parts]) => ({ title, accepted: false, make: () => whole(parts()) })),
  ...Object.entries(READ).map(([title, parts]) => ({ title, accepted: true, make: () => whole(parts()) })),
  { title: '50,000 empty storages', accepted: true, make: directoryBomb },
];
