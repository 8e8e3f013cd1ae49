import { createHash } from 'node:crypto';
import { readBytes, readFloatList, readTensor } from '../../src/torch/index.ts';
import { ELEMENT_SIZE } from '../../src/torch/index.ts';
import type {
  ElementValue,
  NumpyArray,
  PyList,
  PyValue,
  TorchFile,
  TorchStorage,
  TorchTensor,
} from '../../src/torch/index.ts';

/** The twins of `LONG` and `SHOWN_BYTES` in describe_value.py. */
const LONG = 64;
const SHOWN_BYTES = 1024;

function number(value: number): unknown {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return Object.is(value, -0) ? '-0' : value;
}

function element(value: ElementValue): unknown {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'number' ? number(value) : [number(value.re), number(value.im)];
}

function text(bytes: Uint8Array): string {
  if (bytes.length > SHOWN_BYTES) return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  return Buffer.from(bytes).toString('base64');
}

/** The bytes of elements of `size` bytes in the order of little-endian machines. */
function reversed(bytes: Uint8Array, size: number): Uint8Array {
  return Uint8Array.from(bytes, (_, i) => bytes[i - (i % size) + (size - 1 - (i % size))] as number);
}

/** Position in the storage of every element, in C order. */
function elementPositions({ shape, stride, storageOffset }: TorchTensor): number[] {
  return shape.reduce(
    (positions, size, axis) =>
      positions.flatMap((at) => Array.from({ length: size }, (_, index) => at + index * (stride[axis] as number))),
    [storageOffset],
  );
}

/** Elements as stored, found by shape and strides alone: tells every NaN and every zero apart. */
function storedBytes(file: TorchFile, tensor: TorchTensor): Uint8Array {
  const size = ELEMENT_SIZE[tensor.dtype];
  const parts = elementPositions(tensor).map((at) =>
    readBytes(file.source, tensor.storage.dataOffset + at * size, size),
  );
  const bytes = Buffer.concat(parts);
  return file.byteOrder === 'little' ? bytes : reversed(bytes, tensor.dtype.startsWith('complex') ? size / 2 : size);
}

/** Describes the values of one file; `storages` numbers its storages as they appear. */
class Description {
  readonly #file: TorchFile;
  readonly #storages = new Map<string, number>();

  constructor(file: TorchFile) {
    this.#file = file;
  }

  of(value: PyValue): unknown {
    if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
    if (typeof value !== 'object') return { type: 'int', value: String(value) };
    switch (value.type) {
      case 'tensor':
        return this.#tensor(value);
      case 'float':
        return { type: 'float', value: number(value.value) };
      case 'complex':
        return { type: 'complex', value: [number(value.re), number(value.im)] };
      case 'bytes':
        return { type: 'bytes', bits: text(value.bytes) };
      case 'list':
        return this.#list(value);
      case 'tuple':
        return { type: 'tuple', items: this.#all(value.items) };
      case 'set':
        return { type: value.frozen ? 'frozenset' : 'set', items: this.#all(value.items).toSorted(byJson) };
      case 'dict': {
        const items = Array.from(value.entries(), (entry) => this.#all(entry));
        const attributes = this.of(value.attributes ?? null);
        return { type: value.ordered ? 'OrderedDict' : 'dict', items, attributes };
      }
      case 'global':
        return { type: 'token', name: value.name };
      case 'numpy-array':
        return this.#array(value);
      case 'numpy-scalar':
        return { type: 'scalar', dtype: value.dtype.descr, bits: text(value.bytes) };
      case 'opaque':
        return { type: 'opaque', name: value.name };
      case 'storage':
        return this.#storageAlone(value);
      case 'numpy-dtype':
        return { type: value.type, descr: value.descr };
      case 'inert-global':
      case 'inert-object':
        throw new Error(`${value.type}: only a reader that asks for it gets one`);
    }
  }

  #all(items: readonly PyValue[]): unknown[] {
    return items.map((item) => this.of(item));
  }

  #number({ key, byteLength }: TorchStorage): number | null {
    if (byteLength === 0) return null;
    const known = this.#storages.get(key);
    if (known !== undefined) return known;
    this.#storages.set(key, this.#storages.size);
    return this.#storages.size - 1;
  }

  #storageAlone(storage: TorchStorage): unknown {
    const bits = text(readBytes(this.#file.source, storage.dataOffset, storage.byteLength));
    // torch loads an untyped storage as one of bytes.
    return { type: 'storage', dtype: storage.dtype ?? 'uint8', storage: this.#number(storage), bits };
  }

  #tensor(tensor: TorchTensor): unknown {
    const { dtype, shape, stride, storageOffset, requiresGrad, isParameter, conj, neg } = tensor;
    const storage = this.#number(tensor.storage);
    const bits = text(storedBytes(this.#file, tensor));
    const about = { type: isParameter ? 'Parameter' : 'tensor', dtype, shape, stride, storage, storageOffset };
    const description = { ...about, requiresGrad, conj, neg, bits };
    const values = readTensor(this.#file, tensor);
    if (dtype === 'float32' && tensor.numel >= LONG) {
      // The bits are the values: the decoder must have found these and no others.
      const decoded = Float32Array.from(values as number[]);
      return { ...description, bits: text(new Uint8Array(decoded.buffer)) };
    }
    const isFloat = dtype.includes('float');
    return {
      ...description,
      values: values.map((value) => (isFloat || typeof value !== 'number' ? element(value) : value)),
    };
  }

  #list(list: PyList): unknown {
    if (list.length > 0 && list.floatCount === list.length) {
      const values = new Float64Array(list.length);
      readFloatList(this.#file, list, values);
      const quiet = values.map((value) => (Number.isNaN(value) ? NaN : value));
      return { type: 'list', floats: text(new Uint8Array(quiet.buffer)) };
    }
    return { type: 'list', items: this.#listItems(list) };
  }

  #listItems(list: PyList): unknown[] {
    return list.parts.flatMap((part) => {
      if (typeof part !== 'object' || part?.type !== 'float-run') return [this.of(part)];
      const values = new Float64Array(part.count);
      readFloatList(this.#file, { ...list, length: part.count, floatCount: part.count, parts: [part] }, values);
      return Array.from(values, (value) => ({ type: 'float', value: number(value) }));
    });
  }

  /** numpy turns foreign byte order into its own while loading; in the file the bytes are as they were saved. */
  #array({ dtype: { descr }, shape, fortranOrder, bytes, objects }: NumpyArray): unknown {
    const array = { type: 'ndarray', dtype: descr.replace('>', '<'), shape, fortran: fortranOrder };
    if (objects !== undefined) return { ...array, items: this.#listItems(objects) };
    return { ...array, bits: text(descr.startsWith('>') ? reversed(bytes, Number(descr.slice(2))) : bytes) };
  }
}

function byJson(a: unknown, b: unknown): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** The twin of `describe` in test/fixtures/torch/describe_value.py. */
export function describeValue(file: TorchFile, value: PyValue): unknown {
  return new Description(file).of(value);
}
