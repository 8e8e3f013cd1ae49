import { HEAP_PER_PICKLE_BYTE, MAX_DEPTH, MAX_STACK, MIN_HEAP_BUDGET } from '../limits.ts';
import type { TorchFileError, TorchFileCode } from '../errors.ts';
import { COST } from './cost.ts';
import { pickleError } from './errors.ts';
import type { Construction, StorageClass } from './globals.ts';
import { GlobalValue } from './globals.ts';
import { inertCall, inertGlobal, isInertGlobal, nameOf } from './inert.ts';
import type { UnknownGlobals } from './inert.ts';
import type { PickleInput } from './input.ts';
import type { PyValue, TorchStorage } from './values.ts';
import { Memo } from './memo.ts';
import type { TextRun } from './text-run.ts';
import { TensorMemo } from './tensor-memo.ts';
import type { TensorForm } from './tensor-memo.ts';

/** What the persistent id `('storage', type, key, location, numel)` says. */
export interface StorageId {
  readonly type: StorageClass;
  readonly key: string;
  readonly location: string;
  /** As declared: elements of the type. */
  readonly numel: number;
}

/** Turns persistent ids into the storages of records. */
export interface Storages {
  load(id: StorageId, fail: Construction['fail']): TorchStorage;
  /** The key whose ASCII bytes are `bytes[at, end)`; costs no new string where it is the one after the last. */
  keyAt(bytes: Buffer, at: number, end: number): string;
}

/**
 * State of the pickle interpreter: a stack, marks, a memo. It executes nothing: a global is a token of an allowlist, and
 * REDUCE builds data for the few tokens that stand for data (see `globals.ts`). Other names end the reading, or are kept
 * as names, with what the pickle hands to them as data (see `inert.ts`).
 */
export class Machine implements Construction {
  readonly input: PickleInput;
  readonly storages: Storages;
  readonly #unknownGlobals: UnknownGlobals;
  protocol = 0;
  /** Objects that exist but still wait for the BUILD that makes them whole. */
  readonly halfBuilt = new Set<PyValue>();
  /** Offset of the opcode at work. */
  at = 0;
  #budget: number;
  /** Only the first `height` places count; shrinking the array at every pop would cost more than it frees. */
  readonly #stack: PyValue[] = [];
  #height = 0;
  /** Heights of the stack at each open MARK. */
  readonly #marks: number[] = [];
  /** The last of them, or 0: values below it are out of reach. */
  #floor = 0;
  readonly #memo = new Memo();

  constructor(input: PickleInput, storages: Storages, unknownGlobals: UnknownGlobals) {
    this.input = input;
    this.storages = storages;
    this.#unknownGlobals = unknownGlobals;
    this.#budget = Math.max(MIN_HEAP_BUDGET, HEAP_PER_PICKLE_BYTE * input.size);
  }

  /** An error at the opcode at work. */
  readonly fail = (message: string, code: TorchFileCode = 'BROKEN_PICKLE'): TorchFileError =>
    pickleError(code, this.at, message);

  /** Takes `bytes` of JS heap off the budget before they are allocated. */
  spend(bytes: number): void {
    this.#budget -= bytes;
    if (this.#budget < 0)
      throw this.fail('the values take too much memory for a pickle of this size', 'LIMIT_EXCEEDED');
  }

  get height(): number {
    return this.#height;
  }

  get openMarks(): number {
    return this.#marks.length;
  }

  /** How many memo entries there are: the index that MEMOIZE sets. */
  get memoSize(): number {
    return this.#memo.size;
  }

  /** Whether a fast path may memoize what it passes: so far, the memo is numbered as Python does. */
  get isMemoDense(): boolean {
    return this.#memo.isDense;
  }

  push(value: PyValue): void {
    if (this.#height >= MAX_STACK) {
      throw this.fail(`more than ${MAX_STACK} values on the stack`, 'LIMIT_EXCEEDED');
    }
    this.#stack[this.#height++] = value;
  }

  pushFloat(value: number): void {
    this.spend(COST.float);
    this.push({ type: 'float', value });
  }

  pop(): PyValue {
    if (this.#height <= this.#floor) throw this.fail('the stack is empty');
    return this.#stack[--this.#height] as PyValue;
  }

  /** The topmost `count` values, the lowest first. */
  popMany(count: number): PyValue[] {
    if (this.#height - count < this.#floor) throw this.fail('the stack is empty');
    this.#height -= count;
    return this.#stack.slice(this.#height, this.#height + count);
  }

  top(): PyValue {
    if (this.#height <= this.#floor) throw this.fail('the stack is empty');
    return this.#stack[this.#height - 1] as PyValue;
  }

  /** @returns undefined if nothing is in reach */
  peekTop(): PyValue | undefined {
    return this.#height > this.#floor ? this.#stack[this.#height - 1] : undefined;
  }

  mark(): void {
    if (this.#marks.length >= MAX_DEPTH) throw this.fail(`more than ${MAX_DEPTH} nested MARKs`, 'LIMIT_EXCEEDED');
    this.#marks.push(this.#height);
    this.#floor = this.#height;
  }

  /** Takes the values since the last MARK, and the MARK, off the stack. */
  popMark(): PyValue[] {
    const from = this.#marks.pop();
    if (from === undefined) throw this.fail('no MARK on the stack');
    const values = this.#stack.slice(from, this.#height);
    this.#height = from;
    this.#floor = this.#marks.at(-1) ?? 0;
    return values;
  }

  put(index: number): void {
    if (this.#memo.put(index, this.top())) this.spend(COST.memo);
  }

  get(index: number): void {
    const value = this.memoized(index);
    if (value === undefined) throw this.fail(`memo ${index} was never set`);
    this.push(value);
  }

  /** @returns undefined if nothing was put there */
  memoized(index: number): PyValue | undefined {
    return this.#memo.get(index);
  }

  memoizeTexts(run: TextRun): void {
    this.#memo.addLazy(run);
  }

  /** Where the tensor that is pickled next is memoized. */
  tensorMemo(form: TensorForm): TensorMemo {
    const last = this.#memo.lastLazy;
    if (last instanceof TensorMemo && last.takes(form)) return last;
    this.spend(COST.segment);
    const tensors = new TensorMemo(form);
    this.#memo.addLazy(tensors);
    return tensors;
  }

  tuple(items: readonly PyValue[]): void {
    this.spend(COST.tuple + COST.slot * items.length);
    this.push({ type: 'tuple', items });
  }

  global(module: string, name: string): void {
    const found = GlobalValue.find(module, name);
    if (found !== undefined) return this.push(found);
    if (this.#unknownGlobals === 'inert') return this.push(inertGlobal(module, name, this));
    const shown = nameOf({ module, name });
    throw this.fail(`global ${shown} is not on the allowlist: it could run code, so it is refused`, 'UNSAFE_GLOBAL');
  }

  /** REDUCE and NEWOBJ: `callee(*args)`, as data. */
  construct(callee: PyValue, args: PyValue): PyValue {
    if (isInertGlobal(callee)) return inertCall(callee, args, this);
    if (!(callee instanceof GlobalValue) || callee.build === undefined) {
      throw this.fail('REDUCE on something that is not callable', 'UNSUPPORTED_PICKLE');
    }
    if (typeof args !== 'object' || args?.type !== 'tuple') throw this.fail(`${callee.name} called without a tuple`);
    this.spend(COST.object);
    return callee.build(args.items, this);
  }
}
