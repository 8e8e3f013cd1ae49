import { DictValue } from './containers.ts';
import type { GlobalValue } from './globals.ts';
import type { LazyValues } from './memo.ts';
import type { PyTuple, PyValue, TorchTensor } from './values.ts';

/** Memo entries of one vector: key, persistent id, shape, stride, hooks, arguments, and the tensor. */
export const MEMO_ENTRIES = 7;

/**
 * The part of the memo that calls of `vector-call.ts` fill, {@link MEMO_ENTRIES} for each of the tensors, without the
 * objects on the way to a tensor: they are made only for the file that asks for one of them, which the pickler never does.
 */
export class VectorMemo implements LazyValues {
  readonly #tensors: TorchTensor[] = [];
  readonly #storageType: GlobalValue;
  readonly #made = new Map<TorchTensor, readonly PyValue[]>();

  constructor(storageType: GlobalValue) {
    this.#storageType = storageType;
  }

  get memoSize(): number {
    return MEMO_ENTRIES * this.#tensors.length;
  }

  /** @returns whether a vector on a storage of this type may be added */
  takes(storageType: GlobalValue): boolean {
    return storageType === this.#storageType;
  }

  add(tensor: TorchTensor): void {
    this.#tensors.push(tensor);
  }

  memoized(place: number): PyValue {
    const tensor = this.#tensors[Math.floor(place / MEMO_ENTRIES)] as TorchTensor;
    const part = place % MEMO_ENTRIES;
    if (part === MEMO_ENTRIES - 1) return tensor;
    let parts = this.#made.get(tensor);
    if (parts === undefined) {
      parts = this.#partsOf(tensor);
      this.#made.set(tensor, parts);
    }
    return parts[part] as PyValue;
  }

  #partsOf({ storage, shape, stride }: TorchTensor): readonly PyValue[] {
    const { key, location, numel } = storage;
    const id = tuple(['storage', this.#storageType, key, location, numel]);
    const [shapeTuple, strideTuple, hooks] = [tuple(shape), tuple(stride), new DictValue(true)];
    return [key, id, shapeTuple, strideTuple, hooks, tuple([storage, 0, shapeTuple, strideTuple, false, hooks])];
  }
}

function tuple(items: readonly PyValue[]): PyTuple {
  return { type: 'tuple', items };
}
