import { readBytes } from '../byte-source.ts';
import { TorchFileError } from '../errors.ts';
import { PICKLE_RECORD } from '../pickle/errors.ts';
import { FLOAT_BYTES } from '../scan/scan.ts';
import type { FloatRun, PyList, TorchTensor } from '../pickle/values.ts';
import type { TorchFile } from '../read-torch-file.ts';
import { ELEMENT_SIZE } from './dtype.ts';
import { elementReader } from './elements.ts';
import type { ElementValue } from './elements.ts';

/** True if element i of the tensor is element `storageOffset + i` of its storage (C order, no gaps). */
export function isContiguous(tensor: TorchTensor): boolean {
  if (tensor.numel === 0) return true;
  let expected = 1;
  for (let axis = tensor.shape.length - 1; axis >= 0; axis--) {
    const size = tensor.shape[axis] as number;
    if (size !== 1 && tensor.stride[axis] !== expected) return false;
    expected *= size;
  }
  return true;
}

/** Whether this machine stores numbers as the files do that torch writes on x86 and ARM. */
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Copies elements `start … start + into.length − 1` (C order) of a contiguous float32 tensor.
 *
 * @throws RangeError if the tensor is not contiguous float32 or the range is outside it
 */
export function readFloat32Range(file: TorchFile, tensor: TorchTensor, start: number, into: Float32Array): void {
  if (tensor.dtype !== 'float32' || !isContiguous(tensor) || tensor.conj || tensor.neg) {
    throw new RangeError(`not a contiguous float32 tensor: ${tensor.dtype}, stride (${tensor.stride.join(', ')})`);
  }
  if (start < 0 || start + into.length > tensor.numel) {
    throw new RangeError(`elements ${start} to ${start + into.length} of a tensor with ${tensor.numel}`);
  }
  const bytes = Buffer.from(into.buffer, into.byteOffset, into.byteLength);
  const at = tensor.storage.dataOffset + (tensor.storageOffset + start) * ELEMENT_SIZE.float32;
  file.source.readInto(at, bytes);
  if ((file.byteOrder === 'little') !== LITTLE_ENDIAN) bytes.swap32();
}

function copyRun(file: TorchFile, run: FloatRun, into: Float32Array | Float64Array, at: number): void {
  const record = file.archive.find(PICKLE_RECORD);
  if (record === undefined) throw new RangeError(`record ${PICKLE_RECORD} is missing`);
  const raw = readBytes(file.source, record.dataOffset + run.offset, run.count * FLOAT_BYTES);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  for (let i = 0; i < run.count; i++) into[at + i] = view.getFloat64(i * FLOAT_BYTES + 1);
}

/**
 * Copies a list of Python floats (`floatCount === length`), rounded to float32 where `into` is one.
 *
 * @throws RangeError if an element is not a float or `into` has not the list's length
 */
export function readFloatList(file: TorchFile, list: PyList, into: Float32Array | Float64Array): void {
  if (list.floatCount !== list.length || into.length !== list.length) {
    throw new RangeError(`list of ${list.length} values, ${list.floatCount} of them floats, into ${into.length}`);
  }
  let at = 0;
  for (const part of list.parts) {
    if (typeof part !== 'object' || part === null) continue;
    if (part.type === 'float-run') {
      copyRun(file, part, into, at);
      at += part.count;
    } else if (part.type === 'float') {
      into[at++] = part.value;
    }
  }
}

/** Values in C order: 64-bit integers as bigint, bool as boolean. */
export type TensorValues = readonly ElementValue[];

/**
 * Any dtype and any strides, one value at a time: for inspection, conversion and tests.
 *
 * @param maxElements refuses larger tensors (a stride of 0 can make a huge tensor out of one element)
 * @throws TorchFileError `LIMIT_EXCEEDED`
 */
export function readTensor(file: TorchFile, tensor: TorchTensor, maxElements = 1 << 24): TensorValues {
  const { storage, dtype, shape, stride, storageOffset, numel } = tensor;
  if (numel === 0) return [];
  const size = ELEMENT_SIZE[dtype];
  const reach = shape.reduce((sum, length, axis) => sum + (length - 1) * (stride[axis] as number), 0) + 1;
  if (numel > maxElements || reach > maxElements) {
    const found = `tensor of ${numel} elements that reaches over ${reach} of its storage`;
    throw new TorchFileError('LIMIT_EXCEEDED', `${found}, at most ${maxElements}`);
  }
  const bytes = readBytes(file.source, storage.dataOffset + storageOffset * size, reach * size);
  const read = elementReader(dtype, bytes, file.byteOrder === 'little', tensor);
  const index = shape.map(() => 0);
  const values: ElementValue[] = [];
  for (let element = 0; values.length < numel;) {
    values.push(read(element * size));
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      element += stride[axis] as number;
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      element -= (shape[axis] as number) * (stride[axis] as number);
      index[axis] = 0;
    }
  }
  return values;
}
