import type { TypedDType } from './tensor/dtype.ts';

/**
 * What can be written. Strings are emitted once and referred to afterwards, as if every distinct string were one Python
 * object (`sys.intern`). JS numbers must be integers (Python `int`); floats go through {@link pyFloat} and {@link pyFloats}.
 */
export type Writable = null | boolean | number | bigint | string | WritableNode;

export type WritableNode =
  | { readonly write: 'float'; readonly value: number }
  | { readonly write: 'floats'; readonly count: number; readonly read: (into: Float64Array) => void }
  | { readonly write: 'list'; readonly length: number; readonly item: (index: number) => Writable }
  | { readonly write: 'dict'; readonly entries: readonly (readonly [string, Writable])[] }
  | { readonly write: 'tensor'; readonly tensor: WritableTensor }
  | PendingText;

export interface PendingText {
  readonly write: 'pending-string';
  readonly now: string;
  readonly later: string;
}

/** A new contiguous tensor with a storage of its own. */
export interface WritableTensor {
  readonly dtype: TypedDType;
  readonly shape: readonly number[];
  /**
   * Fills `into` with the little-endian bytes that start at `byteOffset` of the tensor; called in order, in chunks of at
   * most 256 KiB, each a multiple of the element size.
   */
  readonly read: (byteOffset: number, into: Buffer) => void;
}

/** A Python float. */
export function pyFloat(value: number): Writable {
  return { write: 'float', value };
}

/** A list of `count` Python floats; `read` fills them just before they are written. */
export function pyFloats(count: number, read: (into: Float64Array) => void): Writable {
  return { write: 'floats', count, read };
}

/** A list; `item` is called once for each index, in order, just before that item is written. */
export function pyList(length: number, item: (index: number) => Writable): Writable {
  return { write: 'list', length, item };
}

/** A dict with string keys in this order. */
export function pyDict(entries: readonly (readonly [string, Writable])[]): Writable {
  return { write: 'dict', entries };
}

/** A tensor; storages are numbered in the order in which the pickle meets them. */
export function pyTensor(tensor: WritableTensor): Writable {
  return { write: 'tensor', tensor };
}

/**
 * A string that is written as `now` (SHORT_BINSTRING, 2 + n bytes) and becomes `later` (BINUNICODE, 5 + n bytes) by
 * applying the patches of the written file; both encodings must have the same length, as `in_progress` and `complete` do.
 */
export function pendingString(now: string, later: string): Writable {
  return { write: 'pending-string', now, later };
}
