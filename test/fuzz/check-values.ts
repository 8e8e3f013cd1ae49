import { ELEMENT_SIZE, readFloatList, readTensor } from '../../src/torch/index.ts';
import type { NumpyArray, PyList, PyValue, TorchFile, TorchStorage, TorchTensor } from '../../src/torch/index.ts';

/** What must hold for every accepted input, and does not. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

function ensure(holds: boolean, message: () => string): void {
  if (!holds) throw new Violation(message());
}

/** Every name that a reader may let through, written down here apart from the reader's own table. */
const ALLOWED_GLOBAL = new RegExp(
  `^(?:${[
    String.raw`torch\.(?:Float|Double|Half|BFloat16|Long|Int|Short|Char|Byte|Bool|ComplexFloat|ComplexDouble|QInt8|QUInt8|QInt32|QUInt4x2|QUInt2x4)Storage`,
    String.raw`torch\.(?:storage\.)?(?:UntypedStorage|TypedStorage)`,
    String.raw`torch\.(?:float|double|half|bfloat|u?int|complex|bool)[0-9]*`,
    String.raw`torch\.float(?:8_e4m3fn|8_e5m2|8_e4m3fnuz|8_e5m2fnuz|8_e8m0fnu|4_e2m1fn_x2)`,
    String.raw`torch\.(?:Tensor|Size|device|q(?:u?int8|int32)|quint[24]x[24]|bits(?:8|16|1x8|2x4|4x2))`,
    String.raw`torch\.per_(?:tensor|channel)_(?:affine|symmetric|affine_float_qparams)`,
    String.raw`torch\._utils\._rebuild_(?:tensor(?:_v2|_v3)?|parameter(?:_with_state)?|qtensor|sparse_tensor|sparse_csr_tensor|meta_tensor_no_storage|nested_tensor)`,
    String.raw`torch\._tensor\._rebuild_from_type_v2`,
    String.raw`torch\.nn\.parameter\.(?:Parameter|Buffer)`,
    String.raw`torch\.serialization\._get_layout`,
    String.raw`collections\.(?:OrderedDict|Counter)`,
    String.raw`_codecs\.encode`,
    String.raw`builtins\.(?:set|frozenset|complex|bytearray|bytes)`,
    String.raw`numpy\.(?:ndarray|dtype)`,
    String.raw`numpy\.core\.(?:multiarray\.(?:_reconstruct|scalar)|numeric\._frombuffer)`,
  ].join('|')})$`,
);

function checkStorage(file: TorchFile, storage: TorchStorage): void {
  const { key, dataOffset, byteLength, numel, dtype } = storage;
  const record = file.archive.byName.get(`data/${key}`);
  ensure(record?.size === byteLength, () => `storage ${key} has ${byteLength} bytes, its record ${record?.size}`);
  ensure(record?.dataOffset === dataOffset, () => `storage ${key} is not where its record is`);
  ensure(dataOffset + byteLength <= file.source.size, () => `storage ${key} ends outside the file`);
  const elementSize = dtype === undefined ? 1 : ELEMENT_SIZE[dtype];
  ensure(numel * elementSize === byteLength || dtype === undefined, () => `storage ${key}: numel ${numel}`);
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** Elements of a huge view are not read, but its bounds are checked. */
const MAX_ELEMENTS = 1 << 16;

function checkTensor(file: TorchFile, tensor: TorchTensor): void {
  const { shape, stride, storageOffset, storage, dtype, numel } = tensor;
  const text = (): string => `tensor (${shape.join()}), stride (${stride.join()}), offset ${storageOffset}`;
  ensure(shape.length === stride.length, () => `${text()}: ranks differ`);
  ensure([...shape, ...stride, storageOffset].every(isCount), () => `${text()}: not counts`);
  const product = shape.reduce((value, size) => value * BigInt(size), 1n);
  ensure(product === BigInt(numel), () => `${text()}: ${numel} elements`);
  let reach = BigInt(storageOffset) + 1n;
  for (const [axis, size] of shape.entries()) reach += BigInt(size - 1) * BigInt(stride[axis] as number);
  const bytes = numel === 0 ? 0n : reach * BigInt(ELEMENT_SIZE[dtype]);
  ensure(bytes <= BigInt(storage.byteLength), () => `${text()} reaches ${bytes} of ${storage.byteLength} bytes`);
  checkStorage(file, storage);
  if (numel > MAX_ELEMENTS) return;
  const values = readTensor(file, tensor, MAX_ELEMENTS);
  ensure(values.length === numel, () => `${text()}: ${values.length} values read`);
}

function checkList(file: TorchFile, list: PyList): void {
  const counted = list.parts.reduce<number>((sum, part) => sum + (isRun(part) ? part.count : 1), 0);
  ensure(counted === list.length, () => `list of ${list.length} has parts of ${counted}`);
  if (list.floatCount === list.length) readFloatList(file, list, new Float64Array(list.length));
}

function isRun(part: PyList['parts'][number]): part is Extract<PyList['parts'][number], { type: 'float-run' }> {
  return typeof part === 'object' && part !== null && part.type === 'float-run';
}

function checkArray({ dtype, shape, bytes, objects }: NumpyArray): void {
  const numel = shape.reduce((product, size) => product * BigInt(size), 1n);
  const wanted = objects === undefined ? numel * BigInt(itemBytes(dtype.descr)) : 0n;
  ensure(BigInt(bytes.length) === wanted, () => `array ${dtype.descr} (${shape.join()}) has ${bytes.length} bytes`);
}

function itemBytes(descr: string): number {
  return (descr[1] === 'U' ? 4 : 1) * Number(descr.slice(2) || 1);
}

/** Checks one value. @returns those inside it */
function visit(file: TorchFile, value: Exclude<PyValue, string | number | bigint | boolean | null>): PyValue[] {
  switch (value.type) {
    case 'list':
      checkList(file, value);
      return value.parts.filter((part) => !isRun(part)) as PyValue[];
    case 'tuple':
    case 'set':
      return [...value.items];
    case 'dict':
      return [...[...value.entries()].flat(), value.attributes ?? null];
    case 'opaque':
      ensure(ALLOWED_GLOBAL.test(value.name), () => `made by ${value.name}`);
      return [...value.args];
    case 'global':
      ensure(ALLOWED_GLOBAL.test(value.name), () => `global ${value.name}`);
      return [];
    case 'inert-global':
      ensure(false, () => `unknown global ${value.module}.${value.name}`);
      return [];
    case 'inert-object':
      ensure(false, () => `object of ${value.of.module}.${value.of.name}`);
      return [];
    case 'tensor':
      checkTensor(file, value);
      return [];
    case 'storage':
      checkStorage(file, value);
      return [];
    case 'numpy-array':
      checkArray(value);
      return value.objects === undefined ? [] : [value.objects];
    case 'float':
    case 'complex':
    case 'bytes':
    case 'numpy-dtype':
    case 'numpy-scalar':
      return [];
  }
}

/**
 * Walks everything in a file and reads every value.
 *
 * @throws Violation and whatever reading throws, which is a defect too
 */
export function checkValues(file: TorchFile): void {
  const seen = new Set<PyValue>();
  const todo: PyValue[] = [file.root];
  while (todo.length > 0) {
    const value = todo.pop();
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    todo.push(...visit(file, value));
  }
}
