import { MAX_RANK } from '../limits.ts';
import type { Construction } from '../pickle/globals.ts';
import type { PyDict, PyValue, TorchStorage, TorchTensor } from '../pickle/values.ts';
import { ELEMENT_SIZE, isDType } from './dtype.ts';
import type { DType } from './dtype.ts';

type MutableTensor = { -readonly [K in keyof TorchTensor]: TorchTensor[K] };

/** A size, stride or offset. Python ints beyond 2^53 fit into no storage that a file can hold. */
function count(value: PyValue | undefined, what: string, { fail }: Construction): number {
  if (typeof value === 'number' && value >= 0) return value;
  if (typeof value === 'number' || typeof value === 'bigint') {
    throw fail(`${what} of a tensor is ${value}, expected 0 to 2^53 - 1`, 'VIEW_OUT_OF_BOUNDS');
  }
  throw fail(`${what} of a tensor is not an int`);
}

function counts(value: PyValue | undefined, what: string, construction: Construction): readonly number[] {
  if (typeof value !== 'object' || value?.type !== 'tuple')
    throw construction.fail(`${what} of a tensor is not a tuple`);
  if (value.items.length > MAX_RANK) {
    throw construction.fail(`${what} of a tensor has ${value.items.length} dimensions`, 'LIMIT_EXCEEDED');
  }
  for (const item of value.items) count(item, what, construction);
  return value.items as readonly number[];
}

/**
 * Elements of the storage that the view reaches: offset + Σ (size − 1) × stride + 1, or 0 for an empty one. Exact up to
 * 2^53; beyond, rounding cannot bring a sum of non-negative terms back under the size of any storage.
 */
function reach(shape: readonly number[], stride: readonly number[], offset: number): number {
  let last = offset;
  for (const [axis, size] of shape.entries()) {
    if (size === 0) return 0;
    last += (size - 1) * (stride[axis] as number);
  }
  return last + 1;
}

function assertInside(tensor: TorchTensor, { fail }: Construction): void {
  const { storage, dtype, shape, stride, storageOffset } = tensor;
  const available = storage.dtype === undefined ? storage.byteLength / ELEMENT_SIZE[dtype] : storage.numel;
  const needed = reach(shape, stride, storageOffset);
  if (needed <= available) return;
  throw fail(
    `tensor of shape (${shape.join(', ')}), stride (${stride.join(', ')}), offset ${storageOffset} needs ${needed} ` +
      `elements of record data/${storage.key}, which has ${available}`,
    'VIEW_OUT_OF_BOUNDS',
  );
}

function isStorage(value: PyValue | undefined): value is TorchStorage {
  return typeof value === 'object' && value?.type === 'storage';
}

/** `(storage, storage_offset, size, stride)`, common to all versions. */
function view(args: readonly PyValue[], dtype: DType, construction: Construction): MutableTensor {
  const [storage, offset, size, steps, requiresGrad] = args;
  if (!isStorage(storage)) throw construction.fail('tensor without a storage');
  const shape = counts(size, 'size', construction);
  const stride = counts(steps, 'stride', construction);
  if (shape.length !== stride.length) {
    throw construction.fail(`tensor with ${shape.length} sizes and ${stride.length} strides`);
  }
  const parts = { storage, dtype, shape, stride, offset: count(offset, 'offset', construction) };
  return makeTensor({ ...parts, requiresGrad: requiresGrad === true }, construction);
}

/** What a view is made of; sizes, strides and the offset are in elements, none negative, as many sizes as strides. */
export interface TensorParts {
  readonly storage: TorchStorage;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
  readonly requiresGrad: boolean;
}

/** @throws TorchFileError `VIEW_OUT_OF_BOUNDS`, `UNSUPPORTED_TENSOR` */
export function makeTensor(parts: TensorParts, construction: Construction): MutableTensor {
  const { storage, dtype, shape, stride, offset, requiresGrad } = parts;
  let numel = 1;
  for (const length of shape) numel *= length;
  if (!Number.isSafeInteger(numel)) {
    throw construction.fail(`tensor of shape (${shape.join(', ')}) has more than 2^53 elements`, 'UNSUPPORTED_TENSOR');
  }
  const tensor: MutableTensor = {
    type: 'tensor',
    dtype,
    shape,
    stride,
    storageOffset: offset,
    storage,
    numel,
    requiresGrad,
    isParameter: false,
    conj: false,
    neg: false,
  };
  assertInside(tensor, construction);
  return tensor;
}

function setFlags(tensor: MutableTensor, metadata: PyValue | undefined): MutableTensor {
  const flags: PyDict | undefined = typeof metadata === 'object' && metadata?.type === 'dict' ? metadata : undefined;
  tensor.conj = flags?.get('conj') === true;
  tensor.neg = flags?.get('neg') === true;
  return tensor;
}

/** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[, metadata])`, and `_rebuild_tensor`. */
export function rebuildTensor(args: readonly PyValue[], construction: Construction): TorchTensor {
  const [storage] = args;
  if (!isStorage(storage) || storage.dtype === undefined) {
    throw construction.fail('_rebuild_tensor without a storage of a known type', 'UNSUPPORTED_TENSOR');
  }
  return setFlags(view(args, storage.dtype, construction), args[6]);
}

/** `_rebuild_tensor_v3(storage, offset, size, stride, requires_grad, hooks, dtype[, metadata])` on an untyped storage. */
export function rebuildUntypedTensor(args: readonly PyValue[], construction: Construction): TorchTensor {
  const dtype = args[6];
  const name = globalName(dtype).replace(/^torch\./, '');
  if (!isDType(name)) throw construction.fail('_rebuild_tensor_v3 without a known dtype', 'UNSUPPORTED_TENSOR');
  return setFlags(view(args, name, construction), args[7]);
}

/** `_rebuild_parameter(tensor, requires_grad, hooks[, state])`. */
export function rebuildParameter(args: readonly PyValue[], { fail }: Construction): TorchTensor {
  const [tensor, requiresGrad] = args;
  if (typeof tensor !== 'object' || tensor?.type !== 'tensor')
    throw fail('parameter of something that is not a tensor');
  return { ...tensor, requiresGrad: requiresGrad === true, isParameter: true };
}

function globalName(value: PyValue | undefined): string {
  return typeof value === 'object' && value?.type === 'global' ? value.name : '';
}

const TENSOR_TYPES = new Set(['torch.Tensor', 'torch.nn.parameter.Parameter', 'torch.nn.parameter.Buffer']);
const REBUILDERS: Readonly<Record<string, typeof rebuildTensor>> = {
  'torch._utils._rebuild_tensor_v2': rebuildTensor,
  'torch._utils._rebuild_tensor_v3': rebuildUntypedTensor,
  'torch._utils._rebuild_parameter': rebuildParameter,
};

/** `_rebuild_from_type_v2(function, type, args, state)`: a tensor with Python attributes, which are dropped. */
export function rebuildFromType(args: readonly PyValue[], construction: Construction): TorchTensor {
  const [callee, type, inner] = args;
  const rebuild = REBUILDERS[globalName(callee)];
  if (
    rebuild === undefined ||
    !TENSOR_TYPES.has(globalName(type)) ||
    typeof inner !== 'object' ||
    inner?.type !== 'tuple'
  ) {
    throw construction.fail('_rebuild_from_type_v2 of something that is not a plain tensor', 'UNSUPPORTED_TENSOR');
  }
  return rebuild(inner.items, construction);
}
