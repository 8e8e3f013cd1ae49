import type { DType } from './tensor/dtype.ts';

/** Where the file goes, in order, each call awaited before the next; `bytes` is only valid until it resolves. */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<void> | void;
}

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
  | { readonly write: 'pending-string'; readonly now: string; readonly later: string };

/** A new contiguous tensor with a storage of its own. */
export interface WritableTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /**
   * Fills `into` with the little-endian bytes that start at `byteOffset` of the tensor; called in order, in chunks of at
   * most 1 MiB, each a multiple of the element size.
   */
  readonly read: (byteOffset: number, into: Uint8Array) => void;
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
 * applying {@link WrittenTorchFile.patches}; both encodings must have the same length, as `in_progress` and `complete` do.
 */
export function pendingString(now: string, later: string): Writable {
  return { write: 'pending-string', now, later };
}

/** Bytes to overwrite in the finished file. */
export interface FilePatch {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface WrittenTorchFile {
  /** Size of the file. */
  readonly bytes: number;
  /**
   * Turn every {@link pendingString} into its final value: the opcode bytes in data.pkl, and its CRC in the data
   * descriptor and in the central directory. Applied, the file is byte for byte what writing `later` at once would have
   * given. Empty without pending strings.
   */
  readonly patches: readonly FilePatch[];
}

export interface WriteTorchFileOptions {
  /** Prefix of every record: the stem of the file's name. Not ASCII, or empty → `archive`, as torch does. */
  prefix: string;
}

/**
 * Streams a file with the layout of torch 2.9: same bytes as `torch.save(obj, path)` except `.data/serialization_id` and
 * its CRC.
 *
 * @throws RangeError for what torch could not read back (a number that is not an integer, a pickle ≥ 4 GiB)
 */
export async function writeTorchFile(
  sink: ByteSink,
  root: Writable,
  options: WriteTorchFileOptions,
): Promise<WrittenTorchFile> {
  await sink.write(new Uint8Array());
  throw new Error(`not written yet: ${typeof root} ${options.prefix}`);
}
