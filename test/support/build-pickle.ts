/** Pieces of a pickle, written out opcode by opcode. */
export type PicklePart = number | string | Uint8Array;

/** Puts PROTO in front and STOP behind; strings are latin1 bytes, numbers are single bytes. */
export function buildPickle(parts: readonly PicklePart[], protocol = 2): Buffer {
  return Buffer.concat([Buffer.from([0x80, protocol]), joinParts(parts), Buffer.from('.')]);
}

export function joinParts(parts: readonly PicklePart[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'number') return Buffer.from([part]);
      return typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part);
    }),
  );
}

/** BINUNICODE. */
export function unicode(text: string | Uint8Array): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.from([0x58, 0, 0, 0, 0]);
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** BINFLOAT. */
export function float(value: number): Buffer {
  const bytes = Buffer.from([0x47, 0, 0, 0, 0, 0, 0, 0, 0]);
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

/** BININT. */
export function int(value: number): Buffer {
  const bytes = Buffer.from([0x4a, 0, 0, 0, 0]);
  bytes.writeInt32LE(value, 1);
  return bytes;
}

/** LONG1 of up to 8 bytes. */
export function long(value: bigint): Buffer {
  const bytes = Buffer.alloc(10);
  bytes[0] = 0x8a;
  bytes[1] = 8;
  bytes.writeBigInt64LE(value, 2);
  return bytes;
}

/** GLOBAL. */
export function global(module: string, name: string): string {
  return `c${module}\n${name}\n`;
}

/** BINPERSID of a storage. */
export function storage(key: string, numel: Uint8Array | number, type = 'FloatStorage', module = 'torch'): Buffer {
  const count = typeof numel === 'number' ? int(numel) : numel;
  return joinParts(['(', unicode('storage'), global(module, type), unicode(key), unicode('cpu'), count, 'tQ']);
}

export interface TensorParts {
  key?: string;
  numel?: number | Uint8Array;
  type?: string;
  offset?: Uint8Array;
  size?: readonly Uint8Array[];
  stride?: readonly Uint8Array[];
}

/** `_rebuild_tensor_v2(…)`. */
export function tensor(parts: TensorParts = {}): Buffer {
  const { key = '0', numel = 4, type = 'FloatStorage', offset = int(0), size = [int(4)], stride = [int(1)] } = parts;
  return joinParts([
    global('torch._utils', '_rebuild_tensor_v2'),
    '(',
    storage(key, numel, type),
    offset,
    ...['(', ...size, 't'],
    ...['(', ...stride, 't'],
    0x89,
    global('collections', 'OrderedDict'),
    ')R',
    'tR',
  ]);
}
