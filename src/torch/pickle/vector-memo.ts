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
  /** As the calls say: that of a storage is what its first call said. */
  readonly #location: string;
  readonly #made = new Map<TorchTensor, readonly PyValue[]>();

  constructor(storageType: GlobalValue, location: string) {
    this.#storageType = storageType;
    this.#location = location;
  }

  get memoSize(): number {
    return MEMO_ENTRIES * this.#tensors.length;
  }

  /** @returns whether a vector whose call names this type and location may be added */
  takes(storageType: GlobalValue, location: string): boolean {
    return storageType === this.#storageType && location === this.#location;
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
    const { key, numel } = storage;
    const id = tuple(['storage', this.#storageType, key, this.#location, numel]);
    const [shapeTuple, strideTuple, hooks] = [tuple(shape), tuple(stride), new DictValue(true)];
    return [key, id, shapeTuple, strideTuple, hooks, tuple([storage, 0, shapeTuple, strideTuple, false, hooks])];
  }
}

function tuple(items: readonly PyValue[]): PyTuple {
  return { type: 'tuple', items };
}
