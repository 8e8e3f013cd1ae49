import type { DType } from '../tensor/dtype.ts';

/**
 * What a pickle holds, as inert data. Python `int` is a `number` (or a `bigint` beyond ±(2^53 − 1)), Python `float` is a
 * {@link PyFloat}, so that 1 and 1.0 stay apart; `str` is a string, lone surrogates included. Shared objects stay shared.
 */
export type PyValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PyFloat
  | PyBytes
  | PyComplex
  | PyList
  | PyTuple
  | PyDict
  | PySet
  | PyGlobal
  | TorchTensor
  | TorchStorage
  | NumpyArray
  | NumpyScalar
  | NumpyDType
  | OpaqueObject
  | InertGlobal
  | InertObject;

export interface PyFloat {
  readonly type: 'float';
  readonly value: number;
}

export interface PyComplex {
  readonly type: 'complex';
  readonly re: number;
  readonly im: number;
}

/** `bytes` or `bytearray`. */
export interface PyBytes {
  readonly type: 'bytes';
  readonly bytes: Uint8Array;
}

export interface PyTuple {
  readonly type: 'tuple';
  readonly items: readonly PyValue[];
}

export interface PySet {
  readonly type: 'set';
  readonly frozen: boolean;
  readonly items: readonly PyValue[];
}

/** A class or function that the pickle names and the allowlist knows; never looked up, never called. */
export interface PyGlobal {
  readonly type: 'global';
  /** `module.name`, e.g. `torch.float32`. */
  readonly name: string;
}

/**
 * A stretch of Python floats that stays in the file: `count` BINFLOAT opcodes of 9 bytes (0x47, then a big-endian double),
 * the first of which starts at byte `offset` of data.pkl.
 */
export interface FloatRun {
  readonly type: 'float-run';
  readonly offset: number;
  readonly count: number;
  /** Index inside the run of the first NaN or infinity, -1 if there is none; undefined unless read at level `deep`. */
  readonly firstNonFinite: number | undefined;
  /** Whether every value is ±0; undefined unless read at level `deep`. */
  readonly allZero: boolean | undefined;
}

/** A Python list. Long runs of floats are kept as {@link FloatRun}: read them with `readFloatList`. */
export interface PyList {
  readonly type: 'list';
  /** Elements, floats of runs included. */
  readonly length: number;
  /** How many of the elements are Python floats. */
  readonly floatCount: number;
  /** How many of the elements are text. */
  readonly textCount: number;
  /** In order; a run stands for `count` elements. */
  readonly parts: readonly (PyValue | FloatRun)[];
}

/**
 * A `dict` or `collections.OrderedDict` in insertion order. Keys compare as in Python: 1 and True are one key, 1 and '1'
 * are two, tuples compare by content.
 */
export interface PyDict {
  readonly type: 'dict';
  readonly ordered: boolean;
  readonly size: number;
  get(key: PyValue): PyValue | undefined;
  has(key: PyValue): boolean;
  keys(): IterableIterator<PyValue>;
  /** In the order of the keys. */
  values(): readonly PyValue[];
  entries(): IterableIterator<readonly [PyValue, PyValue]>;
  /** State set by BUILD, e.g. `_metadata` of a `state_dict`. */
  readonly attributes: PyValue | undefined;
}

/** The bytes behind one or more tensors: record `data/<key>`. */
export interface TorchStorage {
  readonly type: 'storage';
  readonly key: string;
  /** `undefined` for untyped storages (`numel` is then bytes). */
  readonly dtype: DType | undefined;
  /** Elements of `dtype`, or bytes when untyped. */
  readonly numel: number;
  readonly byteLength: number;
  /** As saved, e.g. `cpu`, `cuda:0`. */
  readonly location: string;
  /** First byte in the file. */
  readonly dataOffset: number;
}

/** A strided view on a storage, checked to lie inside it. Shape, strides and offset are in elements. */
export interface TorchTensor {
  readonly type: 'tensor';
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly storageOffset: number;
  readonly storage: TorchStorage;
  /** Product of the shape. */
  readonly numel: number;
  readonly requiresGrad: boolean;
  readonly isParameter: boolean;
  /** Lazy conjugate and negative bits: `readTensor` applies them. */
  readonly conj: boolean;
  readonly neg: boolean;
}

export interface NumpyDType {
  readonly type: 'numpy-dtype';
  /** numpy's type string with byte order, e.g. `<f4`; `|O` for objects. */
  readonly descr: string;
}

/** A numpy array; `data` is its raw bytes, or the values of an object array. */
export interface NumpyArray {
  readonly type: 'numpy-array';
  readonly dtype: NumpyDType;
  readonly shape: readonly number[];
  readonly fortranOrder: boolean;
  /** Raw little- or big-endian bytes as `dtype` says; empty for object arrays. */
  readonly bytes: Uint8Array;
  readonly objects: PyList | undefined;
}

export interface NumpyScalar {
  readonly type: 'numpy-scalar';
  readonly dtype: NumpyDType;
  readonly bytes: Uint8Array;
}

/** Something recognised but not modelled (quantized or sparse tensor, device …), with its arguments as data. */
export interface OpaqueObject {
  readonly type: 'opaque';
  /** `module.name` of what would build it. */
  readonly name: string;
  readonly args: readonly PyValue[];
}

/**
 * A class or function outside the allowlist, as the name that the pickle gives; only where `unknownGlobals: 'inert'` asked
 * for it. Never looked up, never called.
 */
export interface InertGlobal {
  readonly type: 'inert-global';
  readonly module: string;
  readonly name: string;
}

/** What the pickle would have made of an {@link InertGlobal}: everything that it hands over, and nothing done with it. */
export interface InertObject {
  readonly type: 'inert-object';
  readonly of: InertGlobal;
  readonly args: PyTuple;
  /** Of NEWOBJ_EX. */
  readonly keywords: PyDict | undefined;
  /** Of BUILD: usually the dict of its attributes, or a tuple of that and of the slots. */
  readonly state: PyValue | undefined;
  /** Of APPEND and APPENDS: what a subclass of `list` holds. */
  readonly items: PyList | undefined;
  /** Of SETITEM and SETITEMS: what a subclass of `dict` holds. */
  readonly entries: PyDict | undefined;
}

function hasType(value: PyValue | undefined, type: string): boolean {
  return typeof value === 'object' && value !== null && value.type === type;
}

export function isDict(value: PyValue | undefined): value is PyDict {
  return hasType(value, 'dict');
}

export function isList(value: PyValue | undefined): value is PyList {
  return hasType(value, 'list');
}

export function isTensor(value: PyValue | undefined): value is TorchTensor {
  return hasType(value, 'tensor');
}

export function isInertObject(value: PyValue | undefined): value is InertObject {
  return hasType(value, 'inert-object');
}

export function isNumpyArray(value: PyValue | undefined): value is NumpyArray {
  return hasType(value, 'numpy-array');
}

const TYPE_NAMES: Readonly<Record<Exclude<PyValue, string | number | bigint | boolean | null>['type'], string>> = {
  float: 'float',
  complex: 'complex',
  bytes: 'bytes',
  list: 'list',
  tuple: 'tuple',
  dict: 'dict',
  set: 'set',
  global: 'type',
  tensor: 'Tensor',
  storage: 'TypedStorage',
  'numpy-dtype': 'dtype',
  'numpy-array': 'ndarray',
  'numpy-scalar': 'generic',
  opaque: 'object',
  'inert-global': 'type',
  'inert-object': 'object',
};

/** Name of the Python type, as in `type(value).__name__`, for messages. */
export function pythonTypeName(value: PyValue): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value !== 'object') return 'int';
  if (value.type === 'dict' && value.ordered) return 'OrderedDict';
  if (value.type === 'set' && value.frozen) return 'frozenset';
  if (value.type === 'tensor' && value.isParameter) return 'Parameter';
  if (value.type === 'inert-object') return value.of.name;
  return TYPE_NAMES[value.type];
}
