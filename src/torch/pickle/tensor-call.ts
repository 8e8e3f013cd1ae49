import { makeTensor } from '../tensor/rebuild.ts';
import { makeOrderedDict } from './builtins.ts';
import { GlobalValue } from './globals.ts';
import { COST } from './cost.ts';
import type { Machine } from './machine.ts';
import { Op } from './opcodes.ts';

/** More than the longest call has: 33 opcodes, 20 of them with 4 bytes of operand, and a key of 20 with its length. */
const MAX_CALL_BYTES = 160;

/** Longest key of a storage: an address in torch 1.6, which is a decimal of 64 bits. */
const MAX_KEY_BYTES = 20;

/** `)R`: OrderedDict() */
const CALLED_WITHOUT_ARGUMENTS = [Op.EMPTY_TUPLE, Op.REDUCE] as const;

const NONE: readonly number[] = [];

/** Tuples of up to three numbers have opcodes of their own. */
const TUPLES: readonly number[] = [Op.TUPLE1, Op.TUPLE2, Op.TUPLE3];

/**
 * The opcodes after the first MARK of a call of `torch._utils._rebuild_tensor_v2`, as Python's pickler writes them from the
 * second tensor of a file on, for tensors of one to three dimensions: all that was memoized before is fetched, and all
 * that is new is memoized under consecutive numbers.
 *
 * ```
 * (  get 'storage'  get FloatStorage  BINUNICODE key, put | get key  get 'cpu'  numel  t  put  Q
 * offset  sizes \x85 put  strides \x85 put  requires_grad  get OrderedDict ) R put   t put   R put
 * ```
 */
class TensorCall {
  /** Memo indices, places in the bytes, and numbers that the call has as operands. */
  storageWord = 0;
  storageType = 0;
  /** Where the key stands, if this is the first tensor on its storage; otherwise its memo index is {@link knownKey}. */
  hasNewKey = false;
  keyStart = 0;
  keyEnd = 0;
  knownKey = 0;
  location = 0;
  storageNumel = 0;
  offset = 0;
  shape: readonly number[] = NONE;
  stride: readonly number[] = NONE;
  requiresGrad = false;
  hooksType = 0;
  /** Behind what was read. */
  end: number;
  readonly #bytes: Buffer;
  /** The next memo index. */
  #memo: number;
  #matches = true;

  /**
   * @param at where it starts in `bytes`; {@link MAX_CALL_BYTES} must be there
   * @param memo the memo index that the next PUT must have
   */
  constructor(bytes: Buffer, at: number, memo: number) {
    this.#bytes = bytes;
    this.end = at;
    this.#memo = memo;
  }

  /** Reads it all. @returns false if anything is not as expected; the operands mean nothing then */
  matches(): boolean {
    this.#byte(Op.MARK);
    this.#storageId();
    this.offset = this.#count();
    this.shape = this.#numbers();
    this.stride = this.#numbers();
    this.#bool();
    this.hooksType = this.#get();
    for (const opcode of CALLED_WITHOUT_ARGUMENTS) this.#byte(opcode);
    this.#put();
    this.#byte(Op.TUPLE);
    this.#put();
    this.#byte(Op.REDUCE);
    this.#put();
    return this.#matches && this.shape.length === this.stride.length;
  }

  #storageId(): void {
    this.storageWord = this.#get();
    this.storageType = this.#get();
    this.hasNewKey = this.#bytes[this.end] === Op.BINUNICODE;
    if (this.hasNewKey) this.#key();
    else this.knownKey = this.#get();
    this.location = this.#get();
    this.storageNumel = this.#count();
    this.#byte(Op.TUPLE);
    this.#put();
    this.#byte(Op.BINPERSID);
  }

  #u8(): number {
    return this.#bytes[this.end++] as number;
  }

  #u32(): number {
    const at = this.end;
    this.end = at + 4;
    const bytes = this.#bytes;
    const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
    // Signed: lengths and counts of 2^31 and more are none that a match could have.
    return low | ((bytes[at + 3] as number) << 24);
  }

  #byte(expected: number): void {
    if (this.#u8() !== expected) this.#matches = false;
  }

  #bool(): void {
    const opcode = this.#u8();
    this.requiresGrad = opcode === Op.NEWTRUE;
    if (opcode !== Op.NEWTRUE && opcode !== Op.NEWFALSE) this.#matches = false;
  }

  #index(short: number, long: number): number {
    const opcode = this.#u8();
    if (opcode === short) return this.#u8();
    // Unsigned: an index of 2^31 and more is one that was never set, and not a place before the memo.
    if (opcode === long) return this.#u32() >>> 0;
    this.#matches = false;
    return 0;
  }

  #get(): number {
    return this.#index(Op.BINGET, Op.LONG_BINGET);
  }

  #put(): void {
    if (this.#index(Op.BINPUT, Op.LONG_BINPUT) !== this.#memo++) this.#matches = false;
  }

  #count(): number {
    const opcode = this.#u8();
    if (opcode === Op.BININT1) return this.#u8();
    if (opcode === Op.BININT2) return this.#u8() | (this.#u8() << 8);
    const count = opcode === Op.BININT ? this.#u32() : -1;
    if (count < 0) this.#matches = false;
    return count;
  }

  /** One to three numbers, the opcode that makes a tuple of so many, and its PUT. */
  #numbers(): readonly number[] {
    const first = this.#count();
    // Literals, because an array that grows has room for 17 numbers, and there are two for each tensor.
    let numbers: readonly number[] = [first];
    if (!this.#isTuple()) {
      const second = this.#count();
      numbers = this.#isTuple() ? [first, second] : [first, second, this.#count()];
    }
    this.#byte(TUPLES[numbers.length - 1] as number);
    this.#put();
    return numbers;
  }

  #isTuple(): boolean {
    return TUPLES.includes(this.#bytes[this.end] as number);
  }

  #key(): void {
    this.#byte(Op.BINUNICODE);
    const length = this.#u32();
    if (length < 0 || length > MAX_KEY_BYTES) this.#matches = false;
    this.keyStart = this.end;
    if (!this.#matches) return;
    for (let i = 0; i < length; i++) if (!isDigit(this.#u8())) this.#matches = false;
    this.keyEnd = this.end;
    this.#put();
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/**
 * Takes a call of `_rebuild_tensor_v2` as a whole, where the machine is behind its first MARK and its bytes are just what the
 * pickler writes: ten thousand rows are ten thousand of them. The outcome is that of the opcodes one by one.
 *
 * @returns false if it is anything else; nothing has happened then
 * @throws TorchFileError as the opcodes would: what is wrong with the storage, or with the view on it
 */
export function tensorCall(machine: Machine): boolean {
  const { input } = machine;
  if (!machine.isMemoDense) return false;
  const at = input.lookAhead(MAX_CALL_BYTES);
  if (input.windowEnd - at < MAX_CALL_BYTES) return false;
  const call = new TensorCall(input.window, at, machine.memoSize);
  if (!call.matches()) return false;
  const type = machine.memoized(call.storageType);
  const location = machine.memoized(call.location);
  const hooks = machine.memoized(call.hooksType);
  const isCall =
    type instanceof GlobalValue &&
    type.storage?.dtype !== undefined &&
    machine.memoized(call.storageWord) === 'storage' &&
    typeof location === 'string' &&
    hooks instanceof GlobalValue &&
    hooks.build === makeOrderedDict;
  if (!isCall) return false;
  const key = call.hasNewKey
    ? machine.storages.keyAt(input.window, call.keyStart, call.keyEnd)
    : machine.memoized(call.knownKey);
  if (typeof key !== 'string') return false;
  machine.spend(TENSOR_COST);
  const id = { type: type.storage, key, location, numel: call.storageNumel };
  const storage = machine.storages.load(id, machine.fail);
  const { shape, stride, offset, requiresGrad } = call;
  const tensor = makeTensor({ storage, dtype: type.storage.dtype, shape, stride, offset, requiresGrad }, machine);
  machine.tensorMemo({ type, location, hasNewKey: call.hasNewKey }).add(tensor);
  machine.pop();
  machine.push(tensor);
  input.pass(call.end - at);
  return true;
}

/** Storage and tensor with shape and stride, and their places in the memo. */
const TENSOR_COST = 2 * COST.object + COST.text + 7 * COST.slot;
