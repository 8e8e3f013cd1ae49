import type { TorchFile } from '../read-torch-file.ts';
import type { PyList, TorchTensor } from '../pickle/values.ts';

/** True if element i of the tensor is element `storageOffset + i` of its storage (C order, no gaps). */
export function isContiguous(tensor: TorchTensor): boolean {
  throw new Error(`not written yet: ${tensor.dtype}`);
}

/**
 * Copies elements `start … start + into.length − 1` (C order) of a contiguous float32 tensor.
 *
 * @throws RangeError if the tensor is not contiguous float32 or the range is outside it
 */
export function readFloat32Range(file: TorchFile, tensor: TorchTensor, start: number, into: Float32Array): void {
  throw new Error(`not written yet: ${file.byteOrder} ${tensor.dtype} ${start} ${into.length}`);
}

/**
 * Copies a list of Python floats (`floatCount === length`), rounded to float32 where `into` is one.
 *
 * @throws RangeError if an element is not a float or `into` has not the list's length
 */
export function readFloatList(file: TorchFile, list: PyList, into: Float32Array | Float64Array): void {
  throw new Error(`not written yet: ${file.byteOrder} ${list.length} ${into.length}`);
}

export interface ComplexNumber {
  readonly re: number;
  readonly im: number;
}

/** Values in C order: 64-bit integers as bigint, bool as boolean. */
export type TensorValues = readonly number[] | readonly bigint[] | readonly boolean[] | readonly ComplexNumber[];

/**
 * Any dtype and any strides, one value at a time: for inspection, conversion and tests.
 *
 * @param maxElements refuses larger tensors (a stride of 0 can make a huge tensor out of one element)
 * @throws RangeError
 */
export function readTensor(file: TorchFile, tensor: TorchTensor, maxElements = 1 << 24): TensorValues {
  throw new Error(`not written yet: ${file.byteOrder} ${tensor.dtype} ${maxElements}`);
}
