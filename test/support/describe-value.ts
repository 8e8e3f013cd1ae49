import { readFloatList, readTensor } from '../../src/torch/index.ts';
import type { ElementValue, PyList, PyValue, TorchFile, TorchTensor } from '../../src/torch/index.ts';

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

function describeTensor(file: TorchFile, tensor: TorchTensor): unknown {
  const { dtype, shape, stride, requiresGrad, isParameter } = tensor;
  const isFloat = dtype.includes('float');
  const values = readTensor(file, tensor).map((value) =>
    isFloat || typeof value !== 'number' ? element(value) : value,
  );
  return { type: isParameter ? 'Parameter' : 'tensor', dtype, shape, stride, requiresGrad, values };
}

function listItems(file: TorchFile, list: PyList): unknown[] {
  return list.parts.flatMap((part) => {
    if (typeof part !== 'object' || part?.type !== 'float-run') return [describeValue(file, part)];
    const values = new Float64Array(part.count);
    readFloatList(file, { type: 'list', length: part.count, floatCount: part.count, parts: [part] }, values);
    return Array.from(values, (value) => ({ type: 'float', value: number(value) }));
  });
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function littleEndian(bytes: Uint8Array, descr: string): Uint8Array {
  if (!descr.startsWith('>')) return bytes;
  const size = Number(descr.slice(2));
  return Uint8Array.from(bytes, (_, i) => bytes[i - (i % size) + (size - 1 - (i % size))] as number);
}

/** The twin of `describe` in test/interop/describe_value.py. */
export function describeValue(file: TorchFile, value: PyValue): unknown {
  const all = (items: readonly PyValue[]): unknown[] => items.map((item) => describeValue(file, item));
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value !== 'object') return { type: 'int', value: String(value) };
  switch (value.type) {
    case 'tensor':
      return describeTensor(file, value);
    case 'float':
      return { type: 'float', value: number(value.value) };
    case 'complex':
      return { type: 'complex', value: [number(value.re), number(value.im)] };
    case 'bytes':
      return { type: 'bytes', hex: hex(value.bytes) };
    case 'list':
      return { type: 'list', items: listItems(file, value) };
    case 'tuple':
      return { type: 'tuple', items: all(value.items) };
    case 'set': {
      const items = all(value.items).toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
      return { type: value.frozen ? 'frozenset' : 'set', items };
    }
    case 'dict':
      return {
        type: value.ordered ? 'OrderedDict' : 'dict',
        items: [...value.entries()].map(([key, item]) => all([key, item])),
      };
    case 'global':
      return { type: 'token', name: value.name };
    case 'numpy-array': {
      // numpy turns foreign byte order into its own while loading; here the bytes stay as they are.
      const array = { type: 'ndarray', dtype: value.dtype.descr.replace('>', '<'), shape: value.shape };
      if (value.objects === undefined) return { ...array, hex: hex(littleEndian(value.bytes, value.dtype.descr)) };
      return { ...array, items: listItems(file, value.objects) };
    }
    case 'numpy-scalar':
      return { type: 'scalar', dtype: value.dtype.descr, hex: hex(value.bytes) };
    case 'opaque':
      return { type: 'opaque', name: value.name };
    case 'storage':
    case 'numpy-dtype':
      return { type: value.type };
  }
}
