import type { TorchFileCode, TorchFileError } from '../errors.ts';
import { ELEMENT_SIZE, QUANTIZED_ELEMENT_SIZE, STORAGE_CLASS, UNREAD_DTYPES } from '../tensor/dtype.ts';
import type { DType } from '../tensor/dtype.ts';
import { rebuildFromType, rebuildParameter, rebuildTensor, rebuildUntypedTensor } from '../tensor/rebuild.ts';
import { encodeLatin1, makeByteArray, makeComplex, makeFrozenSet, makeOrderedDict, makeSet } from './builtins.ts';
import { makeDType, makeScalar, frombuffer, reconstruct } from './numpy.ts';
import type { PyGlobal, PyTuple, PyValue } from './values.ts';

/** What a builder of data may use of the interpreter. */
export interface Construction {
  fail(message: string, code?: TorchFileCode): TorchFileError;
  spend(bytes: number): void;
  /** Objects that a later BUILD must complete. */
  readonly halfBuilt: Set<PyValue>;
}

export type Builder = (args: readonly PyValue[], construction: Construction) => PyValue;

/** How the bytes of a storage class are counted. */
export interface StorageClass {
  readonly dtype: DType | undefined;
  readonly elementSize: number;
}

interface Meaning {
  readonly build?: Builder;
  readonly storage?: StorageClass;
}

/** An allowlisted name as the token that the pickle holds. Never imported, never called: `build` makes data. */
export class GlobalValue implements PyGlobal {
  readonly type = 'global';
  readonly name: string;
  readonly build: Builder | undefined;
  readonly storage: StorageClass | undefined;

  constructor(name: string, { build, storage }: Meaning) {
    this.name = name;
    this.build = build;
    this.storage = storage;
  }

  /** @returns undefined for whatever is not on the allowlist */
  static find(module: string, name: string): GlobalValue | undefined {
    return ALLOWED.get(`${module}\n${name}`);
  }
}

/** Keeps the call as data: for what is recognised but not read (sparse, quantized, meta tensors). */
function opaque(name: string): Meaning {
  return { build: (args) => ({ type: 'opaque', name, args }) };
}

const token: Meaning = {};

function torchSize(args: readonly PyValue[], { fail }: Construction): PyTuple {
  const [items] = args;
  if (typeof items === 'object' && items?.type === 'tuple') return items;
  throw fail('torch.Size of something that is not a tuple');
}

/** By module, then name. `__builtin__`, `copy_reg` are what protocol 2 calls `builtins`, `copyreg`. */
const MEANINGS: Readonly<Record<string, Readonly<Record<string, Meaning>>>> = {
  'torch._utils': {
    _rebuild_tensor: { build: rebuildTensor },
    _rebuild_tensor_v2: { build: rebuildTensor },
    _rebuild_tensor_v3: { build: rebuildUntypedTensor },
    _rebuild_parameter: { build: rebuildParameter },
    _rebuild_parameter_with_state: { build: rebuildParameter },
    _rebuild_qtensor: opaque('torch._utils._rebuild_qtensor'),
    _rebuild_sparse_tensor: opaque('torch._utils._rebuild_sparse_tensor'),
    _rebuild_sparse_csr_tensor: opaque('torch._utils._rebuild_sparse_csr_tensor'),
    _rebuild_meta_tensor_no_storage: opaque('torch._utils._rebuild_meta_tensor_no_storage'),
    _rebuild_nested_tensor: opaque('torch._utils._rebuild_nested_tensor'),
  },
  'torch._tensor': { _rebuild_from_type_v2: { build: rebuildFromType } },
  torch: {
    ...Object.fromEntries(Object.keys(ELEMENT_SIZE).map((dtype) => [dtype, token])),
    ...Object.fromEntries(
      Object.entries(STORAGE_CLASS).map(([dtype, name]) => {
        const known = dtype as DType;
        return [name, { storage: { dtype: known, elementSize: ELEMENT_SIZE[known] } }];
      }),
    ),
    ...Object.fromEntries(
      Object.entries(QUANTIZED_ELEMENT_SIZE).map(([name, elementSize]) => [
        name,
        { storage: { dtype: undefined, elementSize } },
      ]),
    ),
    Tensor: token,
    Size: { build: torchSize },
    device: opaque('torch.device'),
    per_tensor_affine: token,
    per_tensor_symmetric: token,
    per_channel_affine: token,
    per_channel_affine_float_qparams: token,
    per_channel_symmetric: token,
    ...Object.fromEntries(UNREAD_DTYPES.map((dtype) => [dtype, token])),
  },
  'torch.storage': { UntypedStorage: { storage: { dtype: undefined, elementSize: 1 } } },
  'torch.nn.parameter': { Parameter: token, Buffer: token },
  'torch.serialization': { _get_layout: opaque('torch.serialization._get_layout') },
  collections: { OrderedDict: { build: makeOrderedDict } },
  _codecs: { encode: { build: encodeLatin1 } },
  builtins: {
    set: { build: makeSet },
    frozenset: { build: makeFrozenSet },
    complex: { build: makeComplex },
    bytearray: { build: makeByteArray },
    bytes: { build: makeByteArray },
  },
  numpy: { ndarray: token, dtype: { build: makeDType } },
  'numpy.core.multiarray': { _reconstruct: { build: reconstruct }, scalar: { build: makeScalar } },
  'numpy.core.numeric': { _frombuffer: { build: frombuffer } },
};

const RENAMED_MODULES: Readonly<Record<string, string>> = {
  __builtin__: 'builtins',
  'numpy._core.multiarray': 'numpy.core.multiarray',
  'numpy._core.numeric': 'numpy.core.numeric',
};

function tabulate(): Map<string, GlobalValue> {
  const table = new Map<string, GlobalValue>();
  for (const [module, names] of Object.entries(MEANINGS)) {
    for (const [name, meaning] of Object.entries(names)) {
      table.set(`${module}\n${name}`, new GlobalValue(`${module}.${name}`, meaning));
    }
  }
  for (const [alias, module] of Object.entries(RENAMED_MODULES)) {
    for (const name of Object.keys(MEANINGS[module] ?? {})) {
      table.set(`${alias}\n${name}`, table.get(`${module}\n${name}`) as GlobalValue);
    }
  }
  return table;
}

/** Keyed by `module`, newline, `name`: neither can contain a newline in GLOBAL, and STACK_GLOBAL cannot gain by one. */
const ALLOWED: ReadonlyMap<string, GlobalValue> = tabulate();
