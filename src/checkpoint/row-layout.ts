import type { NumpyArray, PyList, PyValue, TorchStorage, TorchTensor } from '../torch/index.ts';
import { ELEMENT_SIZE, isDict, isList, isNumpyArray, isTensor, pythonTypeName } from '../torch/index.ts';
import { numpyFloatType } from './row-values.ts';

/** Where the rows of a checkpoint lie; the exact shapes are free, the number of rows and their length are not. */
export type RowLayout = { rows: number; dim: number } & (
  | { form: 'tensor'; tensor: TorchTensor }
  | { form: 'numpy'; array: NumpyArray }
  /** One tensor or one list of Python floats per row. */
  | { form: 'cells'; cells: readonly RowCell[]; labels: readonly (string | undefined)[] }
);

export type RowCell = TorchTensor | PyList;

export interface RowProblem {
  code: string;
  text: string;
}

/** Either a layout, or why there is none. `ragged` is the first row that is not as long as row 0. */
export type DescribedRows =
  { layout: RowLayout; ragged?: { row: number; dim: number } } | { layout?: undefined; problem: RowProblem };

/**
 * Finds the rows in the value of the data key: a tensor or numpy array `[…, d]`, or a list of tensors, of lists of
 * floats, or of dicts with a `mean_representation`.
 *
 * @param name the data key, for messages
 */
export function describeRows(name: string, value: PyValue): DescribedRows {
  if (isTensor(value)) return describeTensor(name, value);
  if (isNumpyArray(value)) return describeNumpy(name, value);
  const unread = unreadTensor(name, value);
  if (unread) return { problem: unread };
  const items = sequenceItems(value);
  if (items === undefined) {
    const got = isList(value) ? 'a list of floats' : pythonTypeName(value);
    return problem('ROWS_MISSING', `${name} holds no rows: expected a tensor or a list of rows, got ${got}`);
  }
  return describeItems(name, items);
}

/** A tensor that is recognised, but not read: `_rebuild_sparse_tensor`, `_rebuild_qtensor` and their like. */
function unreadTensor(name: string, value: PyValue | undefined): RowProblem | undefined {
  const isUnread = typeof value === 'object' && value?.type === 'opaque' && value.name.startsWith('torch._utils.');
  if (!isUnread) return undefined;
  const text = `${name} is a tensor of ${value.name}, expected a strided one: save it dense and not quantized`;
  return { code: 'UNSUPPORTED_TENSOR', text };
}

/** The elements of a list or tuple without Python floats; undefined for anything else. */
export function sequenceItems(value: PyValue | undefined): readonly PyValue[] | undefined {
  if (isList(value)) return value.floatCount === 0 ? (value.parts as readonly PyValue[]) : undefined;
  return typeof value === 'object' && value !== null && value.type === 'tuple' ? value.items : undefined;
}

function describeTensor(name: string, tensor: TorchTensor): DescribedRows {
  const fault = tensorProblem(name, tensor);
  if (fault) return { problem: fault };
  if (tensor.shape.length < 2) return shapeProblem(name, tensor.shape);
  return { layout: { form: 'tensor', tensor, ...rowsAndDim(tensor.shape) } };
}

function describeNumpy(name: string, array: NumpyArray): DescribedRows {
  const type = numpyFloatType(array);
  if (type === undefined) return problem('DTYPE', `${name} is an array of ${array.dtype.descr}, expected floats`);
  if (array.shape.length < 2) return shapeProblem(name, array.shape);
  const { rows, dim } = rowsAndDim(array.shape);
  if (rows * dim * ELEMENT_SIZE[type.dtype] !== array.bytes.byteLength) {
    const expected = rows * dim * ELEMENT_SIZE[type.dtype];
    return problem('SHAPE', `${name} holds ${array.bytes.byteLength} bytes, its shape needs ${expected}`);
  }
  return { layout: { form: 'numpy', array, rows, dim } };
}

function describeItems(name: string, items: readonly PyValue[]): DescribedRows {
  const cells: RowCell[] = [];
  const labels: (string | undefined)[] = [];
  for (const [row, item] of items.entries()) {
    const value = isDict(item) ? item.get('mean_representation') : item;
    const label = isDict(item) ? item.get('label') : undefined;
    const fault = isPlainCell(value) ? undefined : cellProblem(`${name}[${row}]`, value);
    if (fault) return { problem: fault };
    cells.push(value as RowCell);
    labels.push(typeof label === 'string' ? label : undefined);
  }
  const first = cells[0];
  const dim = first === undefined ? 0 : cellLength(first);
  const overlap = overlapProblem(name, cells);
  if (overlap) return { problem: overlap };
  const layout: RowLayout = { form: 'cells', cells, labels, rows: cells.length, dim };
  const row = cells.findIndex((cell) => cellLength(cell) !== dim);
  return row < 0 ? { layout } : { layout, ragged: { row, dim: cellLength(cells[row] as RowCell) } };
}

/** What nearly every row is; all other rows are looked at by {@link cellProblem}. */
function isPlainCell(value: PyValue | undefined): boolean {
  if (isList(value)) return value.floatCount === value.length;
  return isTensor(value) && value.dtype === 'float32' && value.shape.length === 1 && fits(value);
}

function cellProblem(name: string, value: PyValue | undefined): RowProblem | undefined {
  if (isTensor(value)) {
    const fault = tensorProblem(name, value);
    if (fault) return fault;
    const isRow = value.shape.length > 0 && value.numel === value.shape.at(-1);
    return isRow ? undefined : shapeProblem(name, value.shape).problem;
  }
  if (isList(value) && value.floatCount === value.length) return undefined;
  const got = value === undefined ? 'a dict without mean_representation' : pythonTypeName(value);
  return problem('ROWS_MISSING', `${name} is no row: expected a tensor or a list of floats, got ${got}`).problem;
}

function bytesOf(tensor: TorchTensor): number {
  return tensor.numel * ELEMENT_SIZE[tensor.dtype];
}

function fits(tensor: TorchTensor): boolean {
  return bytesOf(tensor) <= tensor.storage.byteLength;
}

export function cellLength(cell: RowCell): number {
  return cell.type === 'tensor' ? cell.numel : cell.length;
}

const FLOATS: ReadonlySet<string> = new Set(['float32', 'float64', 'float16', 'bfloat16']);

function tensorProblem(name: string, tensor: TorchTensor): RowProblem | undefined {
  if (!FLOATS.has(tensor.dtype)) {
    return { code: 'DTYPE', text: `${name} is a tensor of ${tensor.dtype}, expected float32` };
  }
  return fits(tensor) ? undefined : amplification(name, bytesOf(tensor), tensor.storage.byteLength);
}

/** Rows that share bytes could ask for any amount of work and memory from a small file (stride 0, repeated views). */
function overlapProblem(name: string, cells: readonly RowCell[]): RowProblem | undefined {
  if (haveOwnStorages(cells)) return undefined;
  const storages = new Set<TorchStorage>();
  let bytes = 0;
  for (const cell of cells) {
    if (cell.type !== 'tensor') continue;
    bytes += bytesOf(cell);
    storages.add(cell.storage);
  }
  const stored = [...storages].reduce((sum, { byteLength }) => sum + byteLength, 0);
  return bytes <= stored ? undefined : amplification(name, bytes, stored);
}

/** As torch writes them: one storage a row, in the order of the rows. */
function haveOwnStorages(cells: readonly RowCell[]): boolean {
  let previous = -1;
  for (const cell of cells) {
    if (cell.type !== 'tensor') continue;
    if (cell.storage.dataOffset <= previous) return false;
    previous = cell.storage.dataOffset;
  }
  return true;
}

function amplification(name: string, expected: number, stored: number): RowProblem {
  return { code: 'ROWS_OVERLAP', text: `rows of ${name} overlap: they need ${expected} bytes, ${stored} are stored` };
}

function rowsAndDim(shape: readonly number[]): { rows: number; dim: number } {
  return { rows: shape.slice(0, -1).reduce((product, size) => product * size, 1), dim: shape.at(-1) ?? 0 };
}

function shapeProblem(name: string, shape: readonly number[]): { problem: RowProblem } {
  return problem('SHAPE', `${name} has shape [${shape.join(', ')}], expected rows of one length`);
}

function problem(code: string, text: string): { problem: RowProblem } {
  return { problem: { code, text } };
}
