import type { NumpyArray, TorchFile, TorchTensor } from '../torch/index.ts';
import { ELEMENT_SIZE, isContiguous, readBytes, readFloat32Range, readFloatList } from '../torch/index.ts';
import type { RowLayout } from './row-layout.ts';

export type FloatType = 'float32' | 'float64' | 'float16' | 'bfloat16';

/**
 * Copies `count` rows from row `start`, as float32, into the first `count × dim` values of `into`.
 *
 * @throws RangeError if the rows are not all there or do not fit
 */
export function readRows(file: TorchFile, layout: RowLayout, start: number, count: number, into: Float32Array): void {
  const { rows, dim } = layout;
  if (!Number.isInteger(start) || !Number.isInteger(count) || start < 0 || count < 0 || start + count > rows) {
    throw new RangeError(`rows ${start} to ${start + count} asked for, there are ${rows}`);
  }
  if (into.length < count * dim) throw new RangeError(`${count} × ${dim} values do not fit into ${into.length}`);
  if (layout.form === 'tensor' && isPlain(layout.tensor)) {
    readFloat32Range(file, layout.tensor, start * dim, into.subarray(0, count * dim));
    return;
  }
  for (let row = 0; row < count; row++) readRow(file, layout, start + row, into.subarray(row * dim, (row + 1) * dim));
}

/** Whether its values are float32 that lie side by side and mean what they say. */
function isPlain(tensor: TorchTensor): boolean {
  return tensor.dtype === 'float32' && !tensor.neg && !tensor.conj && isContiguous(tensor);
}

function readRow(file: TorchFile, layout: RowLayout, row: number, into: Float32Array): void {
  if (layout.form === 'tensor') {
    readTensorRow(file, layout.tensor, row, into);
  } else if (layout.form === 'numpy') {
    readNumpyRow(layout.array, row, into);
  } else {
    const cell = layout.cells[row];
    if (cell === undefined) throw new RangeError(`row ${row} asked for, there are ${layout.rows}`);
    if (cell.type === 'list') readFloatList(file, cell, into);
    else if (isPlain(cell)) readFloat32Range(file, cell, 0, into);
    else readTensorRow(file, cell, 0, into);
  }
}

/** Any strides and any float type; a row whose values do not lie side by side is read value by value. */
function readTensorRow(file: TorchFile, tensor: TorchTensor, row: number, into: Float32Array): void {
  const size = ELEMENT_SIZE[tensor.dtype];
  const step = tensor.stride.at(-1) ?? 1;
  const first = tensor.storageOffset + leadingOffset(tensor.shape, tensor.stride, row);
  const decode = decoder(tensor.dtype as FloatType, file.byteOrder === 'little');
  const sign = tensor.neg ? -1 : 1;
  const values =
    step === 1 ? readBytes(file.source, tensor.storage.dataOffset + first * size, into.length * size) : null;
  for (let column = 0; column < into.length; column++) {
    const bytes = values ?? readBytes(file.source, tensor.storage.dataOffset + (first + column * step) * size, size);
    into[column] = sign * decode(viewOf(bytes), values ? column * size : 0);
  }
}

/** Offset in elements of row `row` where all dimensions but the last are counted through in C order. */
export function leadingOffset(shape: readonly number[], stride: readonly number[], row: number): number {
  let offset = 0;
  let rest = row;
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    const size = shape[axis] ?? 1;
    offset += (rest % size) * (stride[axis] ?? 0);
    rest = Math.floor(rest / size);
  }
  return offset;
}

function readNumpyRow(array: NumpyArray, row: number, into: Float32Array): void {
  const type = numpyFloatType(array);
  if (type === undefined) throw new RangeError(`array of ${array.dtype.descr} holds no floats`);
  const stride = numpyStrides(array);
  const first = leadingOffset(array.shape, stride, row);
  const step = stride.at(-1) ?? 1;
  const decode = decoder(type.dtype, type.littleEndian);
  const view = viewOf(array.bytes);
  const size = ELEMENT_SIZE[type.dtype];
  for (let column = 0; column < into.length; column++) into[column] = decode(view, (first + column * step) * size);
}

/** Elements from one value to the next, for each axis. */
export function numpyStrides(array: NumpyArray): number[] {
  const stride = array.shape.map(() => 1);
  const axes = array.shape.map((_, axis) => axis);
  if (!array.fortranOrder) axes.reverse();
  let product = 1;
  for (const axis of axes) {
    stride[axis] = product;
    product *= array.shape[axis] ?? 1;
  }
  return stride;
}

/** Float type of a numpy array, from numpy's type string; undefined for anything but f2, f4 and f8. */
export function numpyFloatType(array: NumpyArray): { dtype: FloatType; littleEndian: boolean } | undefined {
  const match = /^([<>=|]?)f([248])$/.exec(array.dtype.descr);
  if (match === null || array.objects !== undefined) return undefined;
  const dtype = ({ 2: 'float16', 4: 'float32', 8: 'float64' } as const)[match[2] as '2' | '4' | '8'];
  return { dtype, littleEndian: match[1] !== '>' };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** @returns a function from view and byte offset to value */
export function decoder(dtype: FloatType, littleEndian: boolean): (view: DataView, offset: number) => number {
  switch (dtype) {
    case 'float32':
      return (view, offset) => view.getFloat32(offset, littleEndian);
    case 'float64':
      return (view, offset) => view.getFloat64(offset, littleEndian);
    case 'float16':
      return (view, offset) => halfToNumber(view.getUint16(offset, littleEndian));
    case 'bfloat16':
      return (view, offset) => bfloatToNumber(view.getUint16(offset, littleEndian));
  }
}

/** IEEE 754 binary16: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const scratch = new DataView(new ArrayBuffer(4));

/** The upper half of a float32. */
function bfloatToNumber(bits: number): number {
  scratch.setUint32(0, bits * 0x10000);
  return scratch.getFloat32(0);
}
