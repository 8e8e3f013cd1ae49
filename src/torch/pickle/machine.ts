import { HEAP_PER_PICKLE_BYTE, MAX_DEPTH, MAX_STACK, MIN_HEAP_BUDGET } from '../limits.ts';
import type { TorchFileError, TorchFileCode } from '../errors.ts';
import { pickleError } from './errors.ts';
import type { Construction } from './globals.ts';
import { GlobalValue } from './globals.ts';
import type { PickleInput } from './input.ts';
import type { PyTuple, PyValue, TorchStorage } from './values.ts';

/** Estimated bytes of JS heap that a value takes, for the budget of {@link Machine.spend}. */
export const COST = { slot: 12, float: 32, tuple: 100, list: 140, dict: 400, set: 140, object: 240, text: 40 } as const;

/** Turns `('storage', type, key, location, numel)` into the storage of a record. */
export type PersistentLoad = (id: PyTuple, fail: Construction['fail']) => TorchStorage;

/**
 * State of the pickle interpreter: a stack, marks, a memo. It executes nothing: a global is a token of an allowlist, and
 * REDUCE builds data for the few tokens that stand for data (see `globals.ts`).
 */
export class Machine implements Construction {
  readonly input: PickleInput;
  readonly stack: PyValue[] = [];
  /** Heights of the stack at each open MARK. */
  readonly marks: number[] = [];
  readonly memo = new Map<number, PyValue>();
  readonly persistentLoad: PersistentLoad;
  protocol = 0;
  /** Objects that exist but still wait for the BUILD that makes them whole. */
  readonly halfBuilt = new Set<PyValue>();
  /** Offset of the opcode at work. */
  at = 0;
  #budget: number;

  constructor(input: PickleInput, persistentLoad: PersistentLoad) {
    this.input = input;
    this.persistentLoad = persistentLoad;
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

  push(value: PyValue): void {
    if (this.stack.length >= MAX_STACK) {
      throw this.fail(`more than ${MAX_STACK} values on the stack`, 'LIMIT_EXCEEDED');
    }
    this.stack.push(value);
  }

  /** The lowest height the stack may fall to: values below an open MARK are out of reach. */
  get #floor(): number {
    return this.marks.at(-1) ?? 0;
  }

  pop(): PyValue {
    if (this.stack.length <= this.#floor) throw this.fail('the stack is empty');
    return this.stack.pop() as PyValue;
  }

  top(): PyValue {
    if (this.stack.length <= this.#floor) throw this.fail('the stack is empty');
    return this.stack[this.stack.length - 1] as PyValue;
  }

  mark(): void {
    if (this.marks.length >= MAX_DEPTH) throw this.fail(`more than ${MAX_DEPTH} nested MARKs`, 'LIMIT_EXCEEDED');
    this.marks.push(this.stack.length);
  }

  /** Takes the values since the last MARK, and the MARK, off the stack. */
  popMark(): PyValue[] {
    const from = this.marks.pop();
    if (from === undefined) throw this.fail('no MARK on the stack');
    return this.stack.splice(from);
  }

  put(index: number): void {
    const value = this.top();
    if (!this.memo.has(index)) this.spend(COST.slot);
    this.memo.set(index, value);
  }

  get(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw this.fail(`memo ${index} was never set`);
    this.push(value);
  }

  tuple(items: readonly PyValue[]): void {
    this.spend(COST.tuple + COST.slot * items.length);
    this.push({ type: 'tuple', items });
  }

  global(module: string, name: string): void {
    const found = GlobalValue.find(module, name);
    if (found === undefined) {
      const shown = JSON.stringify(`${module}.${name}`.slice(0, 200)).slice(1, -1);
      throw this.fail(`global ${shown} is not on the allowlist: it could run code, so it is refused`, 'UNSAFE_GLOBAL');
    }
    this.push(found);
  }

  /** REDUCE and NEWOBJ: `callee(*args)`, as data. */
  construct(callee: PyValue, args: PyValue): PyValue {
    if (!(callee instanceof GlobalValue) || callee.build === undefined) {
      throw this.fail('REDUCE on something that is not callable', 'UNSUPPORTED_PICKLE');
    }
    if (typeof args !== 'object' || args?.type !== 'tuple') throw this.fail(`${callee.name} called without a tuple`);
    this.spend(COST.object);
    return callee.build(args.items, this);
  }
}
