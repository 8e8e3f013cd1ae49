import { STORAGE_CLASS } from '../tensor/dtype.ts';
import type { PendingText, Writable, WritableTensor } from '../writable.ts';
import { Op } from './opcodes.ts';
import { encodeText } from './text.ts';
import { FLOAT_BYTES } from '../scan/scan.ts';

/** Items between two APPENDS or SETITEMS: `_BATCHSIZE` of CPython's pickler. */
const BATCH = 1000;

/** When so much has been produced, the caller takes it away. */
const CHUNK_BYTES = 1 << 18;
const FIRST_BYTES = 1 << 12;

const INT32_MAX = 2 ** 31 - 1;

/** A place in data.pkl that will be overwritten. */
export interface PendingPlace {
  /** Offset in data.pkl. */
  readonly offset: number;
  readonly now: Buffer;
  readonly later: Buffer;
}

/**
 * Emits protocol 2 exactly as CPython's C pickler under torch.save: memo numbers, batches, opcodes. The Python program it
 * equals keeps every distinct string as one object, gives every tensor a storage of its own, and lets storage keys be new
 * objects, except for those of one character, which CPython shares.
 */
export class PickleWriter {
  /** Tensors in the order of their storage keys. */
  readonly tensors: WritableTensor[] = [];
  readonly pending: PendingPlace[] = [];
  /** Grows to twice a chunk at most, unless one string is larger: most checkpoints of a run may be small. */
  #buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #used = 0;
  /** Bytes that were taken away before. */
  #taken = 0;
  #memoSize = 0;
  readonly #strings = new Map<string, number>();
  readonly #globals = new Map<string, number>();

  /**
   * Emits `root` and STOP. Yields whenever a chunk should be taken with {@link take}; the last one is still there at the
   * end.
   */
  *write(root: Writable): Generator<void> {
    this.#byte(Op.PROTO);
    this.#byte(2);
    yield* this.#value(root);
    this.#byte(Op.STOP);
  }

  /** @returns the bytes since the last call, valid until the writer goes on */
  take(): Buffer {
    const chunk = this.#buffer.subarray(0, this.#used);
    this.#taken += this.#used;
    this.#used = 0;
    return chunk;
  }

  *#value(value: Writable): Generator<void> {
    if (typeof value !== 'object' || value === null) return this.#scalar(value);
    switch (value.write) {
      case 'float':
        return this.#float(value.value);
      case 'floats':
        return this.#floats(value.count, value.read);
      case 'tensor':
        return this.#tensor(value.tensor);
      case 'pending-string':
        return this.#pendingText(value);
      case 'list':
        return yield* this.#list(value.length, value.item);
      case 'dict':
        return yield* this.#dict(value.entries);
    }
  }

  #scalar(value: Exclude<Writable, object> | null): void {
    if (value === null) this.#byte(Op.NONE);
    else if (typeof value === 'boolean') this.#byte(value ? Op.NEWTRUE : Op.NEWFALSE);
    else if (typeof value === 'string') this.#text(value);
    else this.#int(value);
  }

  *#list(length: number, item: (index: number) => Writable): Generator<void> {
    this.#byte(Op.EMPTY_LIST);
    this.#memoize();
    if (length === 1) {
      yield* this.#value(item(0));
      return this.#byte(Op.APPEND);
    }
    for (let start = 0; start < length; start += BATCH) {
      this.#byte(Op.MARK);
      const end = Math.min(start + BATCH, length);
      for (let index = start; index < end; index++) {
        const value = item(index);
        if (typeof value === 'string') this.#text(value);
        else yield* this.#value(value);
        if (this.#used >= CHUNK_BYTES) yield;
      }
      this.#byte(Op.APPENDS);
    }
  }

  *#dict(entries: readonly (readonly [string, Writable])[]): Generator<void> {
    this.#byte(Op.EMPTY_DICT);
    this.#memoize();
    const [single] = entries;
    if (entries.length === 1 && single !== undefined) {
      this.#text(single[0]);
      yield* this.#value(single[1]);
      return this.#byte(Op.SETITEM);
    }
    for (let start = 0; start < entries.length; start += BATCH) {
      this.#byte(Op.MARK);
      for (const [key, value] of entries.slice(start, start + BATCH)) {
        this.#text(key);
        yield* this.#value(value);
      }
      this.#byte(Op.SETITEMS);
    }
  }

  #float(value: number): void {
    this.#reserve(FLOAT_BYTES);
    this.#buffer[this.#used] = Op.BINFLOAT;
    this.#buffer.writeDoubleBE(value, this.#used + 1);
    this.#used += FLOAT_BYTES;
  }

  #floats(count: number, read: (into: Float64Array) => void): void {
    this.#byte(Op.EMPTY_LIST);
    this.#memoize();
    if (count === 0) return;
    const values = new Float64Array(count);
    read(values);
    if (count === 1) {
      this.#float(values[0] as number);
      return this.#byte(Op.APPEND);
    }
    for (let start = 0; start < count; start += BATCH) {
      this.#byte(Op.MARK);
      this.#floatBatch(values.subarray(start, start + BATCH));
      this.#byte(Op.APPENDS);
    }
  }

  #floatBatch(values: Float64Array): void {
    this.#reserve(values.length * FLOAT_BYTES);
    const view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset);
    let at = this.#used;
    for (let i = 0; i < values.length; i++) {
      view.setUint8(at, Op.BINFLOAT);
      view.setFloat64(at + 1, values[i] as number);
      at += FLOAT_BYTES;
    }
    this.#used = at;
  }

  #int(value: number | bigint): void {
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw new RangeError(`${value} is not an integer: write floats with pyFloat, large ints as bigint`);
    }
    this.#reserve(5);
    if (value >= 0 && value <= 0xff) {
      this.#byte(Op.BININT1);
      this.#byte(Number(value));
    } else if (value >= 0 && value <= 0xffff) {
      this.#byte(Op.BININT2);
      this.#used = this.#buffer.writeUInt16LE(Number(value), this.#used);
    } else if (value >= -INT32_MAX - 1 && value <= INT32_MAX) {
      this.#byte(Op.BININT);
      this.#used = this.#buffer.writeInt32LE(Number(value), this.#used);
    } else {
      this.#long(BigInt(value));
    }
  }

  /** LONG1: the shortest little-endian two's complement. */
  #long(value: bigint): void {
    const magnitude = value < 0n ? -value - 1n : value;
    const length = Math.floor(magnitude.toString(2).length / 8) + 1;
    if (length > 0xff) throw new RangeError(`int of ${length} bytes, at most 255`);
    const hex = BigInt.asUintN(8 * length, value)
      .toString(16)
      .padStart(2 * length, '0');
    this.#bytes(Buffer.from([Op.LONG1, length]));
    this.#bytes(Buffer.from(Buffer.from(hex, 'hex').toReversed()));
  }

  #text(text: string): void {
    const known = this.#strings.get(text);
    if (known !== undefined) return this.#get(known);
    this.#strings.set(text, this.#memoSize);
    this.#newText(text);
  }

  #newText(text: string): void {
    if (isShortAscii(text)) this.#shortAscii(text);
    else this.#bytes(binUnicode(text));
    this.#memoize();
  }

  /** BINUNICODE without a buffer of its own: ids and keys are many. */
  #shortAscii(text: string): void {
    this.#reserve(5 + text.length);
    this.#buffer[this.#used] = Op.BINUNICODE;
    this.#buffer.writeUInt32LE(text.length, this.#used + 1);
    for (let i = 0; i < text.length; i++) this.#buffer[this.#used + 5 + i] = text.charCodeAt(i);
    this.#used += 5 + text.length;
  }

  #pendingText({ now, later }: PendingText): void {
    const place = { offset: this.#taken + this.#used, now: shortBinString(now), later: binUnicode(later) };
    if (place.now.length !== place.later.length) {
      throw new RangeError(`'${now}' takes ${place.now.length} bytes in the pickle, '${later}' ${place.later.length}`);
    }
    this.pending.push(place);
    this.#bytes(place.now);
    this.#memoize();
  }

  #global(name: string): void {
    const known = this.#globals.get(name);
    if (known !== undefined) return this.#get(known);
    this.#globals.set(name, this.#memoSize);
    this.#byte(Op.GLOBAL);
    this.#bytes(Buffer.from(`${name}\n`, 'latin1'));
    this.#memoize();
  }

  /** `_rebuild_tensor_v2(storage, 0, size, stride, False, OrderedDict())`. */
  #tensor(tensor: WritableTensor): void {
    const key = String(this.tensors.length);
    this.tensors.push(tensor);
    this.#global('torch._utils\n_rebuild_tensor_v2');
    this.#byte(Op.MARK);
    this.#storage(tensor, key);
    this.#int(0);
    this.#intTuple(tensor.shape);
    this.#intTuple(contiguousStride(tensor.shape));
    this.#byte(Op.NEWFALSE);
    this.#global('collections\nOrderedDict');
    this.#byte(Op.EMPTY_TUPLE);
    this.#byte(Op.REDUCE);
    this.#memoize();
    this.#byte(Op.TUPLE);
    this.#memoize();
    this.#byte(Op.REDUCE);
    this.#memoize();
  }

  /** Persistent id `('storage', type, key, 'cpu', numel)`. */
  #storage({ dtype, shape }: WritableTensor, key: string): void {
    this.#byte(Op.MARK);
    this.#text('storage');
    this.#global(`torch\n${STORAGE_CLASS[dtype]}`);
    if (key.length === 1) this.#text(key);
    else this.#newText(key);
    this.#text('cpu');
    this.#int(shape.reduce((product, size) => product * size, 1));
    this.#byte(Op.TUPLE);
    this.#memoize();
    this.#byte(Op.BINPERSID);
  }

  #intTuple(values: readonly number[]): void {
    if (values.length === 0) return this.#byte(Op.EMPTY_TUPLE);
    if (values.length > 3) this.#byte(Op.MARK);
    for (const value of values) this.#int(value);
    this.#byte([Op.TUPLE1, Op.TUPLE2, Op.TUPLE3][values.length - 1] ?? Op.TUPLE);
    this.#memoize();
  }

  #memoize(): void {
    this.#memoArgument(Op.BINPUT, Op.LONG_BINPUT, this.#memoSize++);
  }

  #get(index: number): void {
    this.#memoArgument(Op.BINGET, Op.LONG_BINGET, index);
  }

  #memoArgument(short: number, long: number, index: number): void {
    this.#reserve(5);
    if (index <= 0xff) {
      this.#buffer[this.#used] = short;
      this.#buffer[this.#used + 1] = index;
      this.#used += 2;
      return;
    }
    this.#buffer[this.#used] = long;
    this.#buffer.writeUInt32LE(index, this.#used + 1);
    this.#used += 5;
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.#buffer[this.#used++] = byte;
  }

  #bytes(bytes: Buffer): void {
    this.#reserve(bytes.length);
    this.#used += bytes.copy(this.#buffer, this.#used);
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.#used + bytes));
    this.#buffer.copy(larger, 0, 0, this.#used);
    this.#buffer = larger;
  }
}

/** Longest text that is written character by character. */
const SHORT_TEXT = 64;

function isShortAscii(text: string): boolean {
  if (text.length > SHORT_TEXT) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

function binUnicode(text: string): Buffer {
  const encoded = encodeText(text);
  const head = Buffer.from([Op.BINUNICODE, 0, 0, 0, 0]);
  head.writeUInt32LE(encoded.length, 1);
  return Buffer.concat([head, encoded]);
}

function shortBinString(text: string): Buffer {
  const encoded = encodeText(text);
  if (encoded.length !== text.length || encoded.length > 0xff) {
    throw new RangeError(`'${text}' is not short ASCII, which SHORT_BINSTRING needs`);
  }
  return Buffer.concat([Buffer.from([Op.SHORT_BINSTRING, encoded.length]), encoded]);
}

/** torch counts an empty axis as 1. */
function contiguousStride(shape: readonly number[]): number[] {
  const stride = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    stride[axis] = (stride[axis + 1] as number) * Math.max(shape[axis + 1] as number, 1);
  }
  return stride;
}
