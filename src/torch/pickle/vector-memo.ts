import { DictValue } from './containers.ts';
import type { GlobalValue } from './globals.ts';
import type { PyTuple, PyValue, TorchTensor } from './values.ts';

/** Memo entries of one vector: key, persistent id, shape, stride, hooks, arguments, and the tensor. */
export const MEMO_ENTRIES = 7;

/**
 * The part of the memo that calls of `vector-call.ts` fill, {@link MEMO_ENTRIES} for each of the tensors, without the
 * objects on the way to a tensor: they are made only for the file that asks for one of them, which the pickler never does.
 */
export class VectorMemo {
  readonly #first: number;
  readonly #tensors: TorchTensor[] = [];
  readonly #storageType: GlobalValue;
  readonly #made = new Map<TorchTensor, readonly PyValue[]>();

  /** @param first memo index of the first entry */
  constructor(first: number, storageType: GlobalValue) {
    this.#first = first;
    this.#storageType = storageType;
  }

  /** The memo index that follows. */
  get end(): number {
    return this.#first + MEMO_ENTRIES * this.#tensors.length;
  }

  /** @returns whether a vector on a storage of this type may be added */
  takes(storageType: GlobalValue): boolean {
    return storageType === this.#storageType;
  }

  add(tensor: TorchTensor): void {
    this.#tensors.push(tensor);
  }

  /** @returns the same object each time, undefined if the index is none of these */
  get(index: number): PyValue | undefined {
    const place = index - this.#first;
    const tensor = this.#tensors[Math.floor(place / MEMO_ENTRIES)];
    const part = place % MEMO_ENTRIES;
    if (tensor === undefined || part === MEMO_ENTRIES - 1) return tensor;
    let parts = this.#made.get(tensor);
    if (parts === undefined) {
      parts = this.#partsOf(tensor);
      this.#made.set(tensor, parts);
    }
    return parts[part];
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
