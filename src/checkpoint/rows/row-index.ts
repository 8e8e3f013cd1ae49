import type { FloatRun, NumpyArray, PyFloat, PyList, TorchFile, TorchTensor } from '../../torch/index.ts';
import { ELEMENT_SIZE } from '../../torch/index.ts';
import type { RowCell, RowLayout } from '../row-layout.ts';
import { numpyFloatType, numpyStrides } from '../row-values.ts';
import type { FloatType } from '../row-values.ts';

/** How one value of a row is stored. */
export interface Encoding {
  readonly dtype: FloatType;
  readonly littleEndian: boolean;
  /** Lazy negation, which torch stores as a flag of the tensor. */
  readonly negate: boolean;
}

/**
 * Where the rows of a checkpoint lie in its file, without the pickle that said so: small, and cheap to hand from thread to
 * thread.
 */
export type RowIndex = { readonly rows: number; readonly dim: number } & (StridedRows | RowPieces);

/** One array of values. */
export interface StridedRows {
  readonly form: 'strided';
  readonly encoding: Encoding;
  /** Byte of the first value: in the file, or in {@link bytes}. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** Bytes from one value to the next, for each axis. */
  readonly stride: readonly number[];
  /** The array itself, where the pickle holds it (numpy arrays): shared between threads, not copied. */
  readonly bytes?: Uint8Array;
}

/**
 * Rows that lie apart, each in one piece or more: a tensor, or stretches of Python floats. Piece `p` is `counts[p]` values
 * from byte `places[p]` of the file, `steps[p]` bytes apart, stored as `encodings[codes[p]]`.
 */
export interface RowPieces {
  readonly form: 'pieces';
  readonly encodings: readonly Encoding[];
  /** Row `r` has the pieces `firsts[r]` up to but not including `firsts[r + 1]`. */
  readonly firsts: Uint32Array;
  readonly places: Float64Array;
  readonly counts: Uint32Array;
  readonly steps: Float64Array;
  readonly codes: Uint8Array;
}

/** Code of a piece that is one value, in `places` itself. */
export const LITERAL = 0xff;

/** BINFLOAT: the opcode 0x47, then a big-endian double. */
const FLOAT_OPCODE_BYTES = 9;
const PICKLE = 'data.pkl';
const PYTHON_FLOAT: Encoding = { dtype: 'float64', littleEndian: false, negate: false };

/** Computes where the rows lie that a checked file was found to hold. */
export function indexRows(file: TorchFile, layout: RowLayout): RowIndex {
  const { rows, dim } = layout;
  if (layout.form === 'tensor') return { rows, dim, ...indexTensor(file, layout.tensor) };
  if (layout.form === 'numpy') return { rows, dim, ...indexNumpy(layout.array) };
  return { rows, dim, ...indexCells(file, layout.cells) };
}

/** Whether a value may need more than a float32 holds. */
export function mayExceedFloat32(index: RowIndex): boolean {
  if (index.form === 'strided') return index.encoding.dtype === 'float64';
  return index.codes.some((code) => index.encodings[code]?.dtype !== 'float32');
}

function encodingOf(file: TorchFile, { dtype, neg }: TorchTensor): Encoding {
  return { dtype: dtype as FloatType, littleEndian: file.byteOrder === 'little', negate: neg };
}

function indexTensor(file: TorchFile, tensor: TorchTensor): StridedRows {
  const size = ELEMENT_SIZE[tensor.dtype];
  return {
    form: 'strided',
    encoding: encodingOf(file, tensor),
    offset: tensor.storage.dataOffset + tensor.storageOffset * size,
    shape: tensor.shape,
    stride: tensor.stride.map((steps) => steps * size),
  };
}

function indexNumpy(array: NumpyArray): StridedRows {
  const type = numpyFloatType(array);
  if (type === undefined) throw new RangeError(`array of ${array.dtype.descr} holds no floats`);
  const bytes = new Uint8Array(new SharedArrayBuffer(array.bytes.byteLength));
  bytes.set(array.bytes);
  return {
    form: 'strided',
    encoding: { ...type, negate: false },
    offset: 0,
    shape: array.shape,
    stride: numpyStrides(array).map((steps) => steps * ELEMENT_SIZE[type.dtype]),
    bytes,
  };
}

function indexCells(file: TorchFile, cells: readonly RowCell[]): RowPieces {
  const pieces = new PieceList(cells);
  const pickleOffset = file.archive.find(PICKLE)?.dataOffset ?? 0;
  for (const [row, cell] of cells.entries()) {
    pieces.firsts[row] = pieces.length;
    if (cell.type === 'list') addFloats(pieces, cell, pickleOffset);
    else addTensor(pieces, file, cell);
  }
  pieces.firsts[cells.length] = pieces.length;
  return pieces.finish();
}

function addFloats(pieces: PieceList, list: PyList, pickleOffset: number): void {
  for (const part of list.parts as readonly (PyFloat | FloatRun)[]) {
    if (part.type === 'float') pieces.addLiteral(part.value);
    else pieces.add(pickleOffset + part.offset + 1, part.count, FLOAT_OPCODE_BYTES, PYTHON_FLOAT);
  }
}

function addTensor(pieces: PieceList, file: TorchFile, tensor: TorchTensor): void {
  const size = ELEMENT_SIZE[tensor.dtype];
  const offset = tensor.storage.dataOffset + tensor.storageOffset * size;
  pieces.add(offset, tensor.numel, (tensor.stride.at(-1) ?? 1) * size, encodingOf(file, tensor));
}

class PieceList {
  length = 0;
  readonly firsts: Uint32Array;
  readonly #encodings: Encoding[] = [];
  readonly #places: Float64Array;
  readonly #counts: Uint32Array;
  readonly #steps: Float64Array;
  readonly #codes: Uint8Array;

  constructor(cells: readonly RowCell[]) {
    const capacity = cells.reduce((sum, cell) => sum + (cell.type === 'list' ? cell.parts.length : 1), 0);
    this.firsts = new Uint32Array(cells.length + 1);
    this.#places = new Float64Array(capacity);
    this.#counts = new Uint32Array(capacity);
    this.#steps = new Float64Array(capacity);
    this.#codes = new Uint8Array(capacity);
  }

  add(offset: number, count: number, step: number, encoding: Encoding): void {
    this.#put(offset, count, step, this.#codeOf(encoding));
  }

  addLiteral(value: number): void {
    this.#put(value, 1, 0, LITERAL);
  }

  finish(): RowPieces {
    return {
      form: 'pieces',
      encodings: this.#encodings,
      firsts: this.firsts,
      places: this.#places,
      counts: this.#counts,
      steps: this.#steps,
      codes: this.#codes,
    };
  }

  #put(place: number, count: number, step: number, code: number): void {
    this.#places[this.length] = place;
    this.#counts[this.length] = count;
    this.#steps[this.length] = step;
    this.#codes[this.length] = code;
    this.length++;
  }

  /** There are no more than dtypes × byte orders × signs. */
  #codeOf({ dtype, littleEndian, negate }: Encoding): number {
    const code = this.#encodings.findIndex((known) => {
      return known.dtype === dtype && known.littleEndian === littleEndian && known.negate === negate;
    });
    return code >= 0 ? code : this.#encodings.push({ dtype, littleEndian, negate }) - 1;
  }
}
