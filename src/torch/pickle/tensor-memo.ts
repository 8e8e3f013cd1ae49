import { DictValue } from './containers.ts';
import type { GlobalValue } from './globals.ts';
import type { LazyValues } from './memo.ts';
import type { PyTuple, PyValue, TorchTensor } from './values.ts';

/** What the calls of several tensors have in common. */
export interface TensorForm {
  /** Of the storage. */
  readonly type: GlobalValue;
  /** As the call says: that of a storage is what its first call said. */
  readonly location: string;
  /** Whether the call is the first on its storage, so that it brings the key and memoizes it. */
  readonly hasNewKey: boolean;
}

/**
 * The part of the memo that calls of `tensor-call.ts` fill, without the objects on the way to a tensor: they are made only for
 * the file that asks for one of them, which the pickler never does. Entries of one tensor: the key of its storage, if it is
 * the first on it, persistent id, shape, stride, hooks, arguments, and the tensor.
 */
export class TensorMemo implements LazyValues {
  /** Made with the first tensor, for one: in a list of dicts there is no second. */
  #tensors: TorchTensor[] | undefined;
  readonly #form: TensorForm;
  readonly #entries: number;
  #made: Map<TorchTensor, readonly PyValue[]> | undefined;

  constructor(form: TensorForm) {
    this.#form = form;
    this.#entries = form.hasNewKey ? 7 : 6;
  }

  get memoSize(): number {
    return this.#entries * (this.#tensors?.length ?? 0);
  }

  /** @returns whether a tensor of such a call may be added */
  takes({ type, location, hasNewKey }: TensorForm): boolean {
    return type === this.#form.type && location === this.#form.location && hasNewKey === this.#form.hasNewKey;
  }

  add(tensor: TorchTensor): void {
    if (this.#tensors === undefined) this.#tensors = [tensor];
    else this.#tensors.push(tensor);
  }

  memoized(place: number): PyValue {
    const tensor = this.#tensors?.[Math.floor(place / this.#entries)] as TorchTensor;
    const part = place % this.#entries;
    if (part === this.#entries - 1) return tensor;
    this.#made ??= new Map();
    let parts = this.#made.get(tensor);
    if (parts === undefined) {
      parts = this.#partsOf(tensor);
      this.#made.set(tensor, parts);
    }
    return parts[part] as PyValue;
  }

  #partsOf({ storage, shape, stride, storageOffset, requiresGrad }: TorchTensor): readonly PyValue[] {
    const { type, location, hasNewKey } = this.#form;
    const { key, numel } = storage;
    const id = tuple(['storage', type, key, location, numel]);
    const [shapeTuple, strideTuple, hooks] = [tuple(shape), tuple(stride), new DictValue(true)];
    const args = tuple([storage, storageOffset, shapeTuple, strideTuple, requiresGrad, hooks]);
    const parts = [id, shapeTuple, strideTuple, hooks, args];
    return hasNewKey ? [key, ...parts] : parts;
  }
}

function tuple(items: readonly PyValue[]): PyTuple {
  return { type: 'tuple', items };
}
