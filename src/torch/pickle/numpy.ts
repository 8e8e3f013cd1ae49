import type { Construction } from './globals.ts';
import { MAX_RANK } from '../limits.ts';
import type { ListValue } from './containers.ts';
import type { NumpyArray, NumpyDType, NumpyScalar, PyValue } from './values.ts';

/** A dtype between REDUCE and BUILD; `descr` gains its byte order by the latter. */
export interface DTypeValue extends NumpyDType {
  descr: string;
}

/** An array between REDUCE and BUILD. */
interface ArrayValue extends NumpyArray {
  dtype: DTypeValue;
  shape: readonly number[];
  fortranOrder: boolean;
  bytes: Uint8Array;
  objects: ListValue | undefined;
}

/** Kind and bytes (characters for U): plain element types only, no records and no dates with units. */
const PLAIN_DTYPE = /^[biufcSUVO?](\d{1,6})?$/;

export function makeDType(args: readonly PyValue[], { fail }: Construction): DTypeValue {
  const [name] = args;
  if (typeof name !== 'string' || !PLAIN_DTYPE.test(name)) {
    const shown = typeof name === 'string' ? JSON.stringify(name).slice(0, 40) : `of type ${typeof name}`;
    throw fail(`numpy dtype ${shown} is not a plain type`, 'UNSUPPORTED_PICKLE');
  }
  // An object's size is that of a pointer on the machine that wrote it; numpy's own string leaves it out.
  return { type: 'numpy-dtype', descr: name.startsWith('O') ? '|O' : `|${name}` };
}

/** State `(version, byteorder, subdtype, names, fields, itemsize, alignment, flags[, metadata])`. */
export function buildDType(dtype: DTypeValue, state: PyValue, { fail }: Construction): void {
  const items = typeof state === 'object' && state?.type === 'tuple' ? state.items : [];
  const [version, order, subdtype, names, fields, , , flags] = items;
  // Flags make numpy treat numbers as something else; they are 0 but for objects, texts and raw bytes.
  const hasFlags = (flags ?? 0) !== 0 && /[biufc?]/.test(dtype.descr.charAt(1));
  const isPlain = (subdtype ?? null) === null && (names ?? null) === null && (fields ?? null) === null && !hasFlags;
  if (typeof version !== 'number' || typeof order !== 'string' || !/^[<>|=]$/.test(order) || !isPlain) {
    throw fail('state of a numpy dtype is not that of a plain type', 'UNSUPPORTED_PICKLE');
  }
  dtype.descr = (order === '=' ? '<' : order) + dtype.descr.slice(1);
}

/** Bytes of one element. */
function itemSize(dtype: NumpyDType): number {
  const kind = dtype.descr[1];
  const count = Number(dtype.descr.slice(2) || 1);
  return kind === 'U' ? 4 * count : count;
}

function isDTypeValue(value: PyValue | undefined): value is DTypeValue {
  return typeof value === 'object' && value?.type === 'numpy-dtype';
}

/** `_reconstruct(ndarray, (0,), b'b')`: an empty array that BUILD fills. */
export function reconstruct(args: readonly PyValue[], construction: Construction): ArrayValue {
  const [type] = args;
  if (typeof type !== 'object' || type?.type !== 'global' || type.name !== 'numpy.ndarray') {
    throw construction.fail('_reconstruct of something that is not numpy.ndarray', 'UNSUPPORTED_PICKLE');
  }
  const array: ArrayValue = {
    type: 'numpy-array',
    dtype: { type: 'numpy-dtype', descr: '|V0' },
    shape: [0],
    fortranOrder: false,
    bytes: new Uint8Array(),
    objects: undefined,
  };
  construction.halfBuilt.add(array);
  return array;
}

function readShape(value: PyValue | undefined, { fail }: Construction): number[] {
  const items = typeof value === 'object' && value?.type === 'tuple' ? value.items : undefined;
  const isShape = items?.every((size) => typeof size === 'number' && size >= 0) ?? false;
  if (items === undefined || !isShape || items.length > MAX_RANK) {
    throw fail('shape of a numpy array is not a tuple of sizes');
  }
  return [...items] as number[];
}

/** State `(version, shape, dtype, is_fortran, bytes or list)`. */
export function buildArray(array: ArrayValue, state: PyValue, construction: Construction): void {
  const { fail } = construction;
  const items = typeof state === 'object' && state?.type === 'tuple' ? state.items : [];
  const [, shape, dtype, fortran, data] = items.length === 4 ? [1, ...items] : items;
  if (!isDTypeValue(dtype)) throw fail('state of a numpy array has no dtype');
  array.shape = readShape(shape, construction);
  array.dtype = dtype;
  array.fortranOrder = fortran === true;
  fillArray(array, data, construction);
  construction.halfBuilt.delete(array);
}

function fillArray(array: ArrayValue, data: PyValue | undefined, { fail }: Construction): void {
  const count = array.shape.reduce((product, size) => product * size, 1);
  const isObject = typeof data === 'object' && data !== null;
  if (isObject && data.type === 'list' && array.dtype.descr[1] === 'O' && data.length === count) {
    array.objects = data as ListValue;
    return;
  }
  const expected = count * itemSize(array.dtype);
  if (!isObject || data.type !== 'bytes' || array.dtype.descr[1] === 'O' || data.bytes.length !== expected) {
    throw fail(
      `numpy array of shape (${array.shape.join(', ')}) needs ${expected} bytes of ${array.dtype.descr}, got other`,
    );
  }
  array.bytes = data.bytes;
}

/** `_frombuffer(bytes, dtype, shape, order)`: how newer pickle protocols write a contiguous array. */
export function frombuffer(args: readonly PyValue[], construction: Construction): ArrayValue {
  const [data, dtype, shape, order] = args;
  if (!isDTypeValue(dtype)) throw construction.fail('_frombuffer without a dtype');
  const array: ArrayValue = {
    type: 'numpy-array',
    dtype,
    shape: readShape(shape, construction),
    fortranOrder: order === 'F',
    bytes: new Uint8Array(),
    objects: undefined,
  };
  fillArray(array, data, construction);
  return array;
}

/** `scalar(dtype, bytes)`. */
export function makeScalar(args: readonly PyValue[], { fail }: Construction): NumpyScalar {
  const [dtype, data] = args;
  const isBytes = typeof data === 'object' && data?.type === 'bytes';
  if (!isDTypeValue(dtype) || !isBytes || data.bytes.length !== itemSize(dtype)) {
    throw fail('numpy scalar without a dtype and as many bytes');
  }
  return { type: 'numpy-scalar', dtype, bytes: data.bytes };
}

export function isArrayValue(value: PyValue): value is ArrayValue {
  return typeof value === 'object' && value?.type === 'numpy-array';
}

export { isDTypeValue };
