import { createHash } from 'node:crypto';
import { readBytes } from '../../src/torch/index.ts';
import type { PyList, PyValue, TorchFile, TorchStorage } from '../../src/torch/index.ts';

type Container = Exclude<PyValue, string | number | bigint | boolean | null>;

/** A BINFLOAT in data.pkl: the opcode and a big-endian double. */
const FLOAT_BYTES = 9;

function bits(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
}

/** Digests everything in a file: two files whose digests are equal hold the same keys, types, shapes and bits of values. */
class Digester {
  readonly #file: TorchFile;
  /** Shared objects are digested once, so that a small file cannot ask for endless work. */
  readonly #known = new Map<Container, string>();

  constructor(file: TorchFile) {
    this.#file = file;
  }

  value(value: PyValue): string {
    if (typeof value === 'string') return `s${Buffer.from(value, 'utf16le').toString('base64')}`;
    if (typeof value === 'number' || typeof value === 'bigint') return `i${value}`;
    if (typeof value !== 'object' || value === null) return String(value);
    let digest = this.#known.get(value);
    if (digest === undefined) {
      const hash = createHash('sha256');
      for (const part of this.#parts(value)) hash.update(part).update('\0');
      digest = `${value.type}:${hash.digest('base64')}`;
      this.#known.set(value, digest);
    }
    return digest;
  }

  #parts(value: Container): readonly string[] {
    const all = (items: readonly PyValue[]): string[] => items.map((item) => this.value(item));
    switch (value.type) {
      case 'float':
        return [bits(value.value)];
      case 'complex':
        return [bits(value.re), bits(value.im)];
      case 'bytes':
        return [Buffer.from(value.bytes).toString('base64')];
      case 'list':
        return this.#list(value);
      case 'tuple':
        return all(value.items);
      case 'set':
        return [String(value.frozen), ...all(value.items)];
      case 'dict':
        return [
          String(value.ordered),
          this.value(value.attributes ?? null),
          ...[...value.entries()].flatMap((it) => all(it)),
        ];
      case 'global':
        return [value.name];
      case 'opaque':
        return [value.name, ...all(value.args)];
      case 'inert-global':
        return [value.module, value.name];
      case 'inert-object':
        return all([
          value.of,
          value.args,
          value.keywords ?? null,
          value.state ?? null,
          value.items ?? null,
          value.entries ?? null,
        ]);
      case 'storage':
        return this.#storage(value);
      case 'tensor': {
        const { dtype, shape, stride, storageOffset, requiresGrad, isParameter, conj, neg, storage } = value;
        return [
          JSON.stringify([dtype, shape, stride, storageOffset, requiresGrad, isParameter, conj, neg]),
          this.value(storage),
        ];
      }
      case 'numpy-dtype':
        return [value.descr];
      case 'numpy-scalar':
        return [value.dtype.descr, Buffer.from(value.bytes).toString('base64')];
      case 'numpy-array': {
        const { dtype, shape, fortranOrder, bytes, objects } = value;
        return [
          JSON.stringify([dtype.descr, shape, fortranOrder]),
          Buffer.from(bytes).toString('base64'),
          this.value(objects ?? null),
        ];
      }
    }
  }

  /** A run of floats counts as so many floats. */
  #list(list: PyList): string[] {
    const pickle = this.#file.archive.byName.get('data.pkl')?.dataOffset ?? 0;
    return list.parts.flatMap((part) => {
      if (typeof part !== 'object' || part === null || part.type !== 'float-run') return [this.value(part)];
      const raw = readBytes(this.#file.source, pickle + part.offset, part.count * FLOAT_BYTES);
      return Array.from({ length: part.count }, (_, i) =>
        this.value({ type: 'float', value: raw.readDoubleBE(i * FLOAT_BYTES + 1) }),
      );
    });
  }

  #storage({ key, dtype, numel, location, dataOffset, byteLength }: TorchStorage): string[] {
    const content = createHash('sha256').update(readBytes(this.#file.source, dataOffset, byteLength));
    return [JSON.stringify([key, dtype, numel, location]), content.digest('base64')];
  }
}

/** @returns a text that is the same for files of the same content, however they are laid out */
export function digestFile(file: TorchFile): string {
  return `${file.byteOrder} ${new Digester(file).value(file.root)}`;
}
