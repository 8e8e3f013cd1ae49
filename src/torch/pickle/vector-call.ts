import { makeOrderedDict } from './builtins.ts';
import { GlobalValue } from './globals.ts';
import { COST } from './machine.ts';
import type { Machine } from './machine.ts';
import { Op } from './opcodes.ts';
import type { DType } from '../tensor/dtype.ts';
import type { TorchStorage, TorchTensor } from './values.ts';
import { MEMO_ENTRIES } from './vector-memo.ts';

/** More than the longest call has: 31 opcodes, 16 of them with 4 bytes of operand, and a key of 20. */
const MAX_CALL_BYTES = 128;

/** Longest key of a storage: an address in torch 1.6, which is a decimal of 64 bits. */
const MAX_KEY_BYTES = 20;

/** `)R`: OrderedDict() */
const CALLED_WITHOUT_ARGUMENTS = [Op.EMPTY_TUPLE, Op.REDUCE] as const;

/**
 * The opcodes after the first MARK of a call of `torch._utils._rebuild_tensor_v2` for a contiguous vector, as Python's
 * pickler writes them from the second tensor of a file on: `((storage id), False … )` with all that was memoized before
 * fetched, and all that is new memoized under consecutive numbers.
 *
 * ```
 * (  get 'storage'  get FloatStorage  BINUNICODE key  put  get 'cpu'  numel  t  put  Q
 * 0  length \x85 put   1 \x85 put   False   get OrderedDict ) R put   t put   R put
 * ```
 */
class VectorCall {
  /** Memo indices, places in the bytes, and numbers that the call has as operands. */
  storageWord = 0;
  storageType = 0;
  keyStart = 0;
  keyEnd = 0;
  location = 0;
  storageNumel = 0;
  length = 0;
  hooksType = 0;
  /** Behind what was read. */
  end: number;
  readonly #bytes: Buffer;
  #matches = true;

  /** @param at where it starts in `bytes`; {@link MAX_CALL_BYTES} must be there */
  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.end = at;
  }

  /** Reads it all. @returns false if anything is not as expected; the operands mean nothing then */
  matches(memo: number): boolean {
    this.#byte(Op.MARK);
    this.#storageId(memo);
    this.#number(0);
    this.length = this.#count();
    this.#byte(Op.TUPLE1);
    this.#put(memo + 2);
    this.#number(1);
    this.#byte(Op.TUPLE1);
    this.#put(memo + 3);
    this.#byte(Op.NEWFALSE);
    this.hooksType = this.#get();
    for (const opcode of CALLED_WITHOUT_ARGUMENTS) this.#byte(opcode);
    this.#put(memo + 4);
    this.#byte(Op.TUPLE);
    this.#put(memo + 5);
    this.#byte(Op.REDUCE);
    this.#put(memo + 6);
    return this.#matches;
  }

  #storageId(memo: number): void {
    this.storageWord = this.#get();
    this.storageType = this.#get();
    this.#key();
    this.#put(memo);
    this.location = this.#get();
    this.storageNumel = this.#count();
    this.#byte(Op.TUPLE);
    this.#put(memo + 1);
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

  #put(expected: number): void {
    if (this.#index(Op.BINPUT, Op.LONG_BINPUT) !== expected) this.#matches = false;
  }

  #count(): number {
    const opcode = this.#u8();
    if (opcode === Op.BININT1) return this.#u8();
    if (opcode === Op.BININT2) return this.#u8() | (this.#u8() << 8);
    const count = opcode === Op.BININT ? this.#u32() : -1;
    if (count < 0) this.#matches = false;
    return count;
  }

  #number(expected: number): void {
    if (this.#count() !== expected) this.#matches = false;
  }

  #key(): void {
    this.#byte(Op.BINUNICODE);
    const length = this.#u32();
    if (length < 0 || length > MAX_KEY_BYTES) this.#matches = false;
    this.keyStart = this.end;
    if (!this.#matches) return;
    for (let i = 0; i < length; i++) if (!isDigit(this.#u8())) this.#matches = false;
    this.keyEnd = this.end;
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/**
 * Takes a call of `_rebuild_tensor_v2` for a contiguous vector as a whole, where the machine is behind its first MARK and
 * its bytes are just what the pickler writes: ten thousand rows are ten thousand of them. The outcome is that of the
 * opcodes one by one.
 *
 * @returns false if it is anything else; nothing has happened then
 * @throws TorchFileError as the opcodes would: what the storage table finds wrong with the storage
 */
export function vectorCall(machine: Machine): boolean {
  const { input } = machine;
  if (!machine.isMemoDense) return false;
  const at = input.lookAhead(MAX_CALL_BYTES);
  if (input.windowEnd - at < MAX_CALL_BYTES) return false;
  const call = new VectorCall(input.window, at);
  if (!call.matches(machine.memoSize)) return false;
  const type = machine.memoized(call.storageType);
  const location = machine.memoized(call.location);
  const hooks = machine.memoized(call.hooksType);
  const isCall =
    type instanceof GlobalValue &&
    type.storage?.dtype !== undefined &&
    machine.memoized(call.storageWord) === 'storage' &&
    typeof location === 'string' &&
    hooks instanceof GlobalValue &&
    hooks.build === makeOrderedDict &&
    call.length <= call.storageNumel;
  if (!isCall) return false;
  machine.spend(VECTOR_COST);
  const key = machine.storages.keyAt(input.window, call.keyStart, call.keyEnd);
  const id = { type: type.storage, key, location, numel: call.storageNumel };
  const vector = makeVector(machine.storages.load(id, machine.fail), type.storage.dtype, call.length);
  machine.vectorMemo(type, location).add(vector);
  machine.pop();
  machine.push(vector);
  input.pass(call.end - at);
  return true;
}

/** What `_rebuild_tensor_v2` makes of such a call. */
function makeVector(storage: TorchStorage, dtype: DType, length: number): TorchTensor {
  return {
    type: 'tensor',
    dtype,
    shape: [length],
    stride: UNIT_STRIDE,
    storageOffset: 0,
    storage,
    numel: length,
    requiresGrad: false,
    isParameter: false,
    conj: false,
    neg: false,
  };
}

const UNIT_STRIDE: readonly number[] = [1];

/** Storage and tensor, and their places in the memo. */
const VECTOR_COST = 2 * COST.object + COST.text + MEMO_ENTRIES * COST.slot;
