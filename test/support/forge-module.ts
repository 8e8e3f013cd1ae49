import { float, global, int, joinParts, unicode } from './build-pickle.ts';
import type { PicklePart } from './build-pickle.ts';

/** A Python value to be pickled as `torch.save` pickles it. */
export type Forged =
  | null
  | boolean
  | number
  | string
  | { readonly float: number }
  | { readonly dict: readonly ForgedEntry[]; readonly ordered?: boolean; readonly attributes?: Forged }
  | { readonly set: 'empty' }
  | { readonly tuple: readonly Forged[] }
  | { readonly call: readonly [module: string, name: string]; readonly args: readonly Forged[] }
  | { readonly object: readonly [module: string, name: string]; readonly state: readonly ForgedEntry[] }
  | ForgedTensor;

export type ForgedEntry = readonly [key: string, value: Forged];

export interface ForgedTensor {
  /** Name of the storage class in `torch`. */
  readonly storage: string;
  readonly shape: readonly number[];
  /** The bytes of the storage. */
  readonly bytes: Uint8Array;
  readonly itemSize: number;
  readonly location?: string;
  readonly isParameter?: boolean;
  /** In elements; contiguous where absent. */
  readonly stride?: readonly number[];
}

const SHORT_INT = 0x100;
const MIDDLE_INT = 0x10000;

/** Emits protocol 2 as CPython's pickler does, with its memo; storages are numbered as they come. */
class Forge {
  readonly parts: PicklePart[] = [];
  readonly storages: Record<string, Uint8Array> = {};
  readonly #known = new Map<string, number>();
  #memo = 0;

  value(value: Forged): void {
    if (value === null) this.#emit('N');
    else if (typeof value === 'boolean') this.#emit(value ? 0x88 : 0x89);
    else if (typeof value === 'number') this.#emit(integer(value));
    else if (typeof value === 'string') this.#text(value);
    else if ('float' in value) this.#emit(float(value.float));
    else if ('dict' in value) this.#dict(value);
    else if ('set' in value) this.#emptySet();
    else if ('tuple' in value) this.#tuple(value.tuple);
    else if ('call' in value) this.#call(value.call, value.args);
    else if ('object' in value) this.#object(value.object, value.state);
    else this.#tensor(value);
  }

  #emit(...parts: PicklePart[]): void {
    this.parts.push(...parts);
  }

  #memoize(): void {
    this.#emit(...(this.#memo < SHORT_INT ? ['q', this.#memo] : ['r', int(this.#memo).subarray(1)]));
    this.#memo += 1;
  }

  /** Emits it the first time, and fetches it afterwards. */
  #once(key: string, first: PicklePart): void {
    const known = this.#known.get(key);
    if (known !== undefined) {
      return this.#emit(...(known < SHORT_INT ? ['h', known] : ['j', int(known).subarray(1)]));
    }
    this.#known.set(key, this.#memo);
    this.#emit(first);
    this.#memoize();
  }

  #text(text: string): void {
    this.#once(`text ${text}`, unicode(text));
  }

  #global(module: string, name: string): void {
    this.#once(`global ${module} ${name}`, global(module, name));
  }

  #dict({ dict, ordered, attributes }: Extract<Forged, { dict: unknown }>): void {
    if (ordered === true) this.#orderedDict();
    else {
      this.#emit('}');
      this.#memoize();
    }
    this.#entries(dict);
    if (attributes === undefined) return;
    this.value(attributes);
    this.#emit('b');
  }

  #orderedDict(): void {
    this.#global('collections', 'OrderedDict');
    this.#emit(')R');
    this.#memoize();
  }

  #entries(entries: readonly ForgedEntry[]): void {
    if (entries.length === 0) return;
    const isSingle = entries.length === 1;
    if (!isSingle) this.#emit('(');
    for (const [key, value] of entries) {
      this.#text(key);
      this.value(value);
    }
    this.#emit(isSingle ? 's' : 'u');
  }

  /** `set([])` */
  #emptySet(): void {
    this.#global('__builtin__', 'set');
    this.#emit(']');
    this.#memoize();
    this.#emit(0x85);
    this.#memoize();
    this.#emit('R');
    this.#memoize();
  }

  #tuple(items: readonly Forged[]): void {
    if (items.length === 0) return this.#emit(')');
    if (items.length > 3) this.#emit('(');
    for (const item of items) this.value(item);
    this.#emit([0x85, 0x86, 0x87][items.length - 1] ?? 't');
    this.#memoize();
  }

  #call([module, name]: readonly [string, string], args: readonly Forged[]): void {
    this.#global(module, name);
    this.#tuple(args);
    this.#emit('R');
    this.#memoize();
  }

  #object([module, name]: readonly [string, string], state: readonly ForgedEntry[]): void {
    this.#global(module, name);
    this.#emit(')', 0x81);
    this.#memoize();
    this.value({ dict: state });
    this.#emit('b');
  }

  #tensor(tensor: ForgedTensor): void {
    if (tensor.isParameter !== true) return this.#plainTensor(tensor);
    this.#global('torch._utils', '_rebuild_parameter');
    this.#plainTensor(tensor);
    this.#emit(0x88);
    this.#orderedDict();
    this.#emit(0x87);
    this.#memoize();
    this.#emit('R');
    this.#memoize();
  }

  #plainTensor({ storage, shape, stride, bytes, itemSize, location = 'cpu' }: ForgedTensor): void {
    const key = String(Object.keys(this.storages).length);
    this.storages[key] = bytes;
    this.#global('torch._utils', '_rebuild_tensor_v2');
    this.#emit('((');
    this.#text('storage');
    this.#global('torch', storage);
    this.#text(key);
    this.#text(location);
    this.#emit(integer(bytes.length / itemSize), 't');
    this.#memoize();
    this.#emit('Q', integer(0));
    this.#tuple(shape);
    this.#tuple(stride ?? contiguous(shape));
    this.#emit(0x89);
    this.#orderedDict();
    this.#emit('t');
    this.#memoize();
    this.#emit('R');
    this.#memoize();
  }
}

function integer(value: number): Buffer {
  if (value < 0 || value >= MIDDLE_INT) return int(value);
  return value < SHORT_INT ? Buffer.from([0x4b, value]) : Buffer.from([0x4d, value & 0xff, value >> 8]);
}

function contiguous(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
}

/** @returns data.pkl and the records of its storages */
export function forge(root: Forged): { pickle: Buffer; storages: Record<string, Uint8Array> } {
  const forged = new Forge();
  forged.value(root);
  return { pickle: joinParts([0x80, 2, ...forged.parts, '.']), storages: forged.storages };
}

export interface ForgedModule {
  readonly parameters?: readonly ForgedEntry[];
  readonly buffers?: readonly ForgedEntry[];
  readonly modules?: readonly ForgedEntry[];
  /** What the constructor of the class sets besides. */
  readonly attributes?: readonly ForgedEntry[];
}

const HOOKS_1_13 = [
  '_backward_hooks',
  '_is_full_backward_hook',
  '_forward_hooks',
  '_forward_pre_hooks',
  '_state_dict_hooks',
  '_load_state_dict_pre_hooks',
  '_load_state_dict_post_hooks',
];

const HOOKS_2_9 = [
  '_backward_pre_hooks',
  '_backward_hooks',
  '_is_full_backward_hook',
  '_forward_hooks',
  '_forward_hooks_with_kwargs',
  '_forward_hooks_always_called',
  '_forward_pre_hooks',
  '_forward_pre_hooks_with_kwargs',
  '_state_dict_hooks',
  '_state_dict_pre_hooks',
  '_load_state_dict_pre_hooks',
  '_load_state_dict_post_hooks',
];

/** An `nn.Module` as `torch.save(module)` of that torch pickles it. */
export function forgedModule(
  of: readonly [module: string, name: string],
  parts: ForgedModule,
  torch: '1.13' | '2.9',
): Forged {
  const ordered = torch === '1.13';
  const hooks = ordered ? HOOKS_1_13 : HOOKS_2_9;
  const dict = (entries: readonly ForgedEntry[] = []): Forged => ({ dict: entries, ordered });
  return {
    object: of,
    state: [
      ['training', true],
      ['_parameters', dict(parts.parameters)],
      ['_buffers', dict(parts.buffers)],
      ['_non_persistent_buffers_set', { set: 'empty' }],
      ...hooks.map((name): ForgedEntry => [
        name,
        name === '_is_full_backward_hook' ? null : { dict: [], ordered: true },
      ]),
      ['_modules', dict(parts.modules)],
      ...(parts.attributes ?? []),
    ],
  };
}
