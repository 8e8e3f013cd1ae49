import { float, global, int, joinParts, long, storage, unicode } from '../support/build-pickle.ts';
import type { PicklePart } from '../support/build-pickle.ts';
import { OPERANDS } from './pickle-opcodes.ts';
import type { Random } from './random.ts';

/** The records that generated tensors refer to: storage type, elements, bytes per element. */
const STORAGES = [
  ['FloatStorage', 4, 4],
  ['DoubleStorage', 5, 8],
  ['HalfStorage', 6, 2],
  ['LongStorage', 2, 8],
  ['ComplexFloatStorage', 3, 8],
  ['ByteStorage', 0, 1],
] as const;

/** The content of `data/0` … for {@link randomPickle}. */
export function randomStorages(random: Random): Record<string, Buffer> {
  return Object.fromEntries(STORAGES.map(([, count, size], key) => [String(key), random.bytes(count * size)]));
}

const GLOBALS = [
  'torch FloatStorage',
  'torch float32',
  'torch Size',
  'torch Tensor',
  'torch device',
  'torch.storage UntypedStorage',
  'torch._utils _rebuild_tensor_v2',
  'torch._utils _rebuild_tensor_v3',
  'torch._utils _rebuild_parameter',
  'torch._utils _rebuild_qtensor',
  'torch._utils _rebuild_sparse_tensor',
  'torch._tensor _rebuild_from_type_v2',
  'torch.nn.parameter Parameter',
  'torch.serialization _get_layout',
  'collections OrderedDict',
  '_codecs encode',
  'builtins set',
  'builtins frozenset',
  'builtins complex',
  'builtins bytearray',
  '__builtin__ set',
  'numpy ndarray',
  'numpy dtype',
  'numpy.core.multiarray _reconstruct',
  'numpy._core.multiarray scalar',
  'numpy._core.numeric _frombuffer',
  'os system',
  'builtins eval',
  'builtins getattr',
  'torch.hub load',
  'collections OrderedDict.fromkeys',
  '__main__ X',
] as const;

const TEXTS = [
  '',
  'a',
  'data',
  'ids',
  'nucleotide',
  'proteins',
  'version',
  'status',
  'é€😀',
  '__proto__',
  'x'.repeat(300),
];

/** Opcode soup: any opcode with operands of the right length but any content. */
export function pickleSoup(random: Random): Buffer {
  const opcodes = [...OPERANDS.keys()];
  const parts: PicklePart[] = [0x80, random.pick([2, 3, 4, 5])];
  for (let left = 1 + random.small(80); left > 0; left--) {
    const opcode = random.pick(opcodes);
    parts.push(opcode, operandOf(random, opcode));
  }
  if (random.chance(0.9)) parts.push('.');
  return joinParts(parts);
}

function operandOf(random: Random, opcode: number): Buffer {
  const operand = OPERANDS.get(opcode) ?? 'none';
  const [module = '', name = ''] = random.pick(GLOBALS).split(' ');
  if (operand === 'two-lines') return Buffer.from(`${module}\n${name}\n`);
  if (operand === 'line') return Buffer.from(`${random.chance(0.5) ? random.below(9) : random.pick(TEXTS)}\n`);
  if (operand.startsWith('fixed')) {
    // Small numbers hit memo entries that exist.
    const width = Number(operand.slice(5));
    return random.chance(0.6) ? uint(random.below(4), width) : random.bytes(width);
  }
  if (!operand.startsWith('text')) return Buffer.alloc(0);
  const content = random.chance(0.5) ? Buffer.from(random.pick(TEXTS)) : random.bytes(random.small(12));
  const width = Number(operand.slice(4));
  return Buffer.concat([uint(Math.min(content.length, 2 ** (8 * width) - 1), width), content]);
}

function uint(value: number, width: number): Buffer {
  const bytes = Buffer.alloc(width);
  bytes.writeUIntLE(value, 0, Math.min(width, 6));
  return bytes;
}

/** One pickle of the grammar, opcode for opcode as Python would write it but for what chance makes of it. */
class Grammar {
  readonly #random: Random;
  readonly #protocol: number;
  /** How often an opcode is put where it does not belong. */
  readonly #errors: number;
  #memo = 0;

  constructor(random: Random, protocol: number) {
    this.#random = random;
    this.#protocol = protocol;
    this.#errors = random.chance(0.5) ? 0 : 0.02;
  }

  value(depth: number): Buffer {
    const random = this.#random;
    const leaves = [this.#scalar, this.#scalar, this.#text, this.#blob, this.#recall];
    const nodes = [this.#list, this.#tuple, this.#dict, this.#set, this.#floats, this.#orderedDict, this.#numpy];
    const torch = [this.#tensor, this.#tensor, this.#parameter, this.#untyped, this.#call];
    const made = random.pick(depth > 0 ? [...leaves, ...nodes, ...torch] : leaves).call(this, depth - 1);
    return random.chance(this.#errors) ? joinParts([made, this.#disturbance()]) : this.#remember(made);
  }

  /** The shape of a checkpoint, so that what lies behind the reader is reached too. */
  checkpoint(): Buffer {
    const random = this.#random;
    const rows = 1 + random.below(3);
    const [ids, data] = random.pick([
      ['ids', 'data'],
      ['proteins', 'data'],
      ['nucleotide', 'data'],
      ['sequence_ids', 'embeddings'],
    ] as const);
    const list = (item: (row: number) => Buffer): Buffer =>
      joinParts([']', '(', ...Array.from({ length: rows }, (_, row) => item(row)), 'e']);
    const row = random.pick([() => this.#floats(), () => this.#tensor(), () => this.value(1)]);
    const entry = (index: number): Buffer =>
      joinParts(['}', '(', unicode('label'), unicode(`r${index}`), unicode('mean_representation'), row(), 'u']);
    const rowsValue = random.pick([() => list(row), () => list(entry), () => this.#tensor(), () => this.#numpy()]);
    const items = [unicode(ids), list((index) => unicode(`r${index}`)), unicode(data), rowsValue()];
    if (random.chance(0.8)) items.push(unicode('version'), unicode(random.pick(['1.0', '0.9', '2.0', '1', ''])));
    if (random.chance(0.8)) items.push(unicode('status'), unicode(random.pick(['complete', 'in_progress', 'odd'])));
    if (random.chance(0.2)) items.push(this.value(1), this.value(2));
    return joinParts(['}', '(', ...items, 'u']);
  }

  #disturbance(): Buffer {
    const opcode = this.#random.pick([...OPERANDS.keys()]);
    return joinParts([opcode, operandOf(this.#random, opcode)]);
  }

  #remember(made: Buffer): Buffer {
    if (!this.#random.chance(0.3)) return made;
    const index = this.#memo++;
    if (this.#protocol >= 4 && this.#random.chance(0.7)) return joinParts([made, 0x94]);
    return joinParts([made, ...(index < 256 ? ['q', index] : ['r', int(index).subarray(1)])]);
  }

  #recall(): Buffer {
    return this.#memo === 0 ? this.#scalar() : joinParts(['h', this.#random.below(Math.min(this.#memo, 256))]);
  }

  #scalar(): Buffer {
    const random = this.#random;
    return random.pick([
      () => Buffer.from('N'),
      () => Buffer.from([0x88 + random.below(2)]),
      () => int(random.u32() | 0),
      () => joinParts(['K', random.below(256)]),
      () => long(BigInt(random.u32()) << BigInt(random.below(32))),
      () => joinParts([0x8a, 5, random.bytes(5)]),
      () => float(random.pick([0, -0, 1.5, NaN, Infinity, 5e-324])),
    ])();
  }

  #text(): Buffer {
    const random = this.#random;
    const content = Buffer.from(random.pick(TEXTS));
    if (this.#protocol >= 4 && content.length < 256) return joinParts([0x8c, content.length, content]);
    if (random.chance(0.1)) return joinParts(['U', 5, 'ascii']);
    return unicode(content);
  }

  #blob(): Buffer {
    const content = this.#random.bytes(this.#random.small(20));
    if (this.#protocol >= 5) return joinParts([0x96, uint(content.length, 8), content]);
    if (this.#protocol >= 3) return joinParts(['C', content.length, content]);
    return joinParts([global('_codecs', 'encode'), unicode('\u00e9'), unicode('latin1'), '\x86R']);
  }

  #items(depth: number): Buffer[] {
    return Array.from({ length: this.#random.small(5) }, () => this.value(depth));
  }

  #list(depth: number): Buffer {
    const items = this.#items(depth);
    return this.#random.chance(0.3) && items.length > 0
      ? joinParts([']', items[0] as Buffer, 'a'])
      : joinParts([']', '(', ...items, 'e']);
  }

  #floats(): Buffer {
    const count = this.#random.pick([0, 1, 4, 50]);
    const values = Array.from({ length: count }, () => float(this.#random.below(9)));
    return joinParts([']', '(', ...values, this.#random.chance(0.9) ? '' : 'N', 'e']);
  }

  #tuple(depth: number): Buffer {
    const items = this.#items(depth);
    const short = [')', '\x85', '\x86', '\x87'][items.length];
    return short === undefined ? joinParts(['(', ...items, 't']) : joinParts([...items, short]);
  }

  #dict(depth: number): Buffer {
    const entries = this.#items(depth).map((value) => joinParts([this.#text(), value]));
    return joinParts(['}', '(', ...entries, 'u']);
  }

  #set(depth: number): Buffer {
    const items = this.#items(Math.min(depth, 0));
    if (this.#protocol >= 4) return joinParts(['\x8f', '(', ...items, '\x90']);
    return joinParts([global('__builtin__', 'set'), ']', '(', ...items, 'e', '\x85R']);
  }

  #orderedDict(depth: number): Buffer {
    const state = this.#random.chance(0.5) ? joinParts([this.#dict(depth), 'b']) : '';
    const items = this.#items(depth).map((value) => joinParts([this.#text(), value, 's']));
    return joinParts([global('collections', 'OrderedDict'), ')R', ...items, state]);
  }

  #storage(): { parts: Buffer; numel: number; key: number } {
    const random = this.#random;
    const key = random.below(STORAGES.length);
    const [type, count] = STORAGES[key] as (typeof STORAGES)[number];
    const numel = random.chance(0.95) ? count : random.below(9);
    return { key, numel: count, parts: storage(String(key), numel, type) };
  }

  #shape(numel: number): { size: number[]; stride: number[]; offset: number } {
    const random = this.#random;
    const shape = random.pick([[numel], [numel, 1], [1, numel], [Math.floor(numel / 2), 2], [], [0], [2, 0, 3]]);
    const stride = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
    const offset = random.chance(0.9) ? 0 : random.below(4);
    if (random.chance(0.1)) stride.fill(random.below(3));
    return { size: shape, stride, offset };
  }

  #view(numel: number): Buffer {
    const { size, stride, offset } = this.#shape(numel);
    const numbers = (values: readonly number[]): Buffer => joinParts(['(', ...values.map(int), 't']);
    return joinParts([int(offset), numbers(size), numbers(stride), 0x89, global('collections', 'OrderedDict'), ')R']);
  }

  #tensor(): Buffer {
    const { parts, numel } = this.#storage();
    const flags = this.#random.chance(0.1) ? joinParts(['}', unicode('conj'), 0x88, 's']) : '';
    return joinParts([global('torch._utils', '_rebuild_tensor_v2'), '(', parts, this.#view(numel), flags, 'tR']);
  }

  #untyped(): Buffer {
    const dtype = this.#random.pick(['uint16', 'float8_e4m3fn', 'uint64', 'complex32']);
    return joinParts([
      global('torch._utils', '_rebuild_tensor_v3'),
      '(',
      storage('1', 40, 'UntypedStorage', 'torch.storage'),
      this.#view(this.#random.pick([5, 10, 20, 40])),
      global('torch', dtype),
      'tR',
    ]);
  }

  #parameter(): Buffer {
    const hooks = [global('collections', 'OrderedDict'), ')R'];
    return joinParts([global('torch._utils', '_rebuild_parameter'), this.#tensor(), 0x88, ...hooks, '\x87R']);
  }

  #numpy(): Buffer {
    const order = this.#random.pick(['<', '>', '|', '=']);
    const state = ['(', 'K\x03', unicode(order), 'NNN', int(-1), int(-1), 'K\0', 't', 'b'];
    const dtype = joinParts([
      global('numpy', 'dtype'),
      unicode(this.#random.pick(['f4', 'f8', 'i2', 'O8'])),
      0x89,
      0x88,
      '\x87R',
      ...state,
    ]);
    const data = joinParts([0x8e, uint(16, 8), this.#random.bytes(16)]);
    const module = this.#random.pick(['numpy.core.multiarray', 'numpy._core.multiarray']);
    if (this.#random.chance(0.3)) return joinParts([global(module, 'scalar'), dtype, data, '\x86R']);
    const empty = [global('numpy', 'ndarray'), 'K\0\x85', unicode('b'), '\x87R'];
    const shape = joinParts(['(', ...this.#random.pick([[4], [2, 2], [2], [1, 2]]).map(int), 't']);
    return joinParts([global(module, '_reconstruct'), ...empty, '(K\x01', shape, dtype, 0x89, data, 'tb']);
  }

  /** Any name called with any values. */
  #call(depth: number): Buffer {
    const [module = '', name = ''] = this.#random.pick(GLOBALS).split(' ');
    const named =
      this.#protocol >= 4 ? joinParts([unicode(module), unicode(name), 0x93]) : Buffer.from(global(module, name));
    return joinParts([named, this.#tuple(depth), this.#random.pick(['R', 'R', '\x81', 'b', ''])]);
  }
}

/** A pickle that follows the grammar, most often sound, at times disturbed. */
export function randomPickle(random: Random): Buffer {
  const protocol = random.chance(0.9) ? random.pick([2, 2, 3, 4, 5]) : random.pick([0, 1, 6]);
  const grammar = new Grammar(random, protocol);
  const body = random.chance(0.5) ? grammar.checkpoint() : grammar.value(4);
  const head = protocol < 2 && random.chance(0.5) ? [] : [0x80, protocol];
  const frame = protocol >= 4 && random.chance(0.5) ? [0x95, uint(body.length + 1, 8)] : [];
  return joinParts([...head, ...frame, body, '.']);
}
