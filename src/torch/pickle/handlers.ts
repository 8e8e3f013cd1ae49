import { MAX_GLOBAL_NAME, MAX_LONG_BYTES, MAX_TEXT_BYTES } from '../limits.ts';
import { BadKeyError, DictValue, ListValue } from './containers.ts';
import { COST } from './cost.ts';
import { GlobalValue } from './globals.ts';
import { buildInert, entriesOf, inertCall, InertValue, isInertGlobal, itemsOf } from './inert.ts';
import type { Machine, StorageId } from './machine.ts';
import { mark } from './mark.ts';
import { buildArray, buildDType, isArrayValue, isDTypeValue } from './numpy.ts';
import { Op } from './opcodes.ts';
import type { PyTuple, PyValue } from './values.ts';

/** Does what one opcode says; its argument is read from `machine.input`. */
export type Handler = (machine: Machine) => void;

/** A set while ADDITEMS may still come. */
interface GrowingSet {
  readonly type: 'set';
  readonly frozen: false;
  readonly items: PyValue[];
}

function textLength(machine: Machine, length: number | bigint): number {
  if (length > machine.input.left) throw machine.fail(`${length} bytes wanted, only ${machine.input.left} left`);
  if (length > MAX_TEXT_BYTES)
    throw machine.fail(`text of ${length} bytes, at most ${MAX_TEXT_BYTES}`, 'LIMIT_EXCEEDED');
  machine.spend(COST.text + Number(length));
  return Number(length);
}

function text(machine: Machine, length: number | bigint): void {
  machine.push(machine.input.text(textLength(machine, length)));
}

function bytes(machine: Machine, length: number | bigint): void {
  machine.spend(COST.buffer);
  machine.push({ type: 'bytes', bytes: machine.input.bytes(textLength(machine, length)) });
}

/** Python 2 `str`; ASCII only, because its encoding is unknown. */
function asciiText(machine: Machine, length: number): void {
  const raw = machine.input.bytes(textLength(machine, length));
  if (raw.some((byte) => byte > 0x7f)) throw machine.fail('BINSTRING that is not ASCII', 'UNSUPPORTED_PICKLE');
  machine.push(raw.toString('latin1'));
}

/** Little-endian two's complement of any length. */
function long(machine: Machine): void {
  const length = machine.input.u8();
  if (length > MAX_LONG_BYTES) throw machine.fail(`int of ${length} bytes`, 'LIMIT_EXCEEDED');
  const raw = machine.input.bytes(length);
  machine.spend(COST.text + length);
  const digits = raw.toReversed().reduce((hex, byte) => hex + byte.toString(16).padStart(2, '0'), '');
  const value = BigInt.asIntN(8 * length, BigInt(`0x${digits || '0'}`));
  const isSafe = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
  machine.push(isSafe ? Number(value) : value);
}

function list(machine: Machine, value: PyValue, opcode: string): ListValue {
  if (value instanceof ListValue) return value;
  if (value instanceof InertValue) return itemsOf(value, machine);
  throw machine.fail(`${opcode} on something that is not a list`, 'UNSUPPORTED_PICKLE');
}

function append(machine: Machine): void {
  const value = machine.pop();
  machine.spend(COST.slot);
  list(machine, machine.top(), 'APPEND').push(value);
}

function appends(machine: Machine): void {
  const values = machine.popMark();
  const target = list(machine, machine.top(), 'APPENDS');
  machine.spend(COST.slot * values.length);
  for (const value of values) target.push(value);
}

/** Keys that are copied as a text to be compared by content, however often the file refers to them. */
function contentKeys(keysAndValues: readonly PyValue[]): number {
  let count = 0;
  for (let i = 0; i < keysAndValues.length; i += 2) if (typeof keysAndValues[i] === 'object') count++;
  return count;
}

function setAll(machine: Machine, keysAndValues: readonly PyValue[]): void {
  const top = machine.top();
  if (keysAndValues.length % 2 !== 0) throw machine.fail('SETITEMS with a key that has no value');
  if (keysAndValues.length === 0) return;
  const target = top instanceof InertValue ? entriesOf(top, machine) : top;
  if (!(target instanceof DictValue)) {
    throw machine.fail('SETITEM on something that is not a dict', 'UNSUPPORTED_PICKLE');
  }
  machine.spend(COST.float * keysAndValues.length + COST.contentKey * contentKeys(keysAndValues));
  try {
    target.setAll(keysAndValues);
  } catch (error) {
    if (error instanceof BadKeyError) throw machine.fail(error.message);
    throw error;
  }
}

function addItems(machine: Machine): void {
  const values = machine.popMark();
  const target = machine.top();
  if (typeof target !== 'object' || target?.type !== 'set' || target.frozen) {
    throw machine.fail('ADDITEMS on something that is not a set', 'UNSUPPORTED_PICKLE');
  }
  machine.spend(COST.slot * values.length);
  for (const value of values) (target as GrowingSet).items.push(value);
}

function smallTuple(length: number): Handler {
  return (machine) => {
    machine.tuple(machine.popMany(length));
  };
}

function reduce(machine: Machine): void {
  const args = machine.pop();
  machine.push(machine.construct(machine.pop(), args));
}

const NEW_TYPES = new Set(['collections.OrderedDict', 'builtins.set', 'builtins.frozenset', 'torch.Size']);

/** `cls.__new__(cls, *args)`: of the few types whose result is whole without a BUILD. */
function newObject(machine: Machine, type: PyValue, args: PyValue): void {
  const isKnown = type instanceof GlobalValue && NEW_TYPES.has(type.name);
  if (!isKnown && !isInertGlobal(type)) {
    throw machine.fail('NEWOBJ of a type that is not plain data', 'UNSUPPORTED_PICKLE');
  }
  machine.push(machine.construct(type, args));
}

function newObjectEx(machine: Machine): void {
  const keywords = machine.pop();
  if (!(keywords instanceof DictValue)) throw machine.fail('NEWOBJ_EX without a dict', 'UNSUPPORTED_PICKLE');
  const [type, args] = machine.popMany(2) as [PyValue, PyValue];
  if (isInertGlobal(type)) return machine.push(inertCall(type, args, machine, keywords));
  if (keywords.size > 0) throw machine.fail('NEWOBJ_EX with keyword arguments', 'UNSUPPORTED_PICKLE');
  newObject(machine, type, args);
}

function build(machine: Machine): void {
  const state = machine.pop();
  const target = machine.top();
  if (target instanceof InertValue) return buildInert(target, state, machine);
  if (isArrayValue(target) && machine.halfBuilt.has(target)) return buildArray(target, state, machine);
  if (isDTypeValue(target)) return buildDType(target, state, machine);
  if (target instanceof DictValue && target.ordered) {
    target.attributes = state;
    return;
  }
  if (typeof target === 'object' && target?.type === 'tensor') return;
  throw machine.fail('BUILD on something that takes no state', 'UNSUPPORTED_PICKLE');
}

/** `('storage', type, key, location, numel)`. */
function storageId(id: PyTuple, { fail }: Machine): StorageId {
  const [kind, type, key, location, numel]: readonly (PyValue | undefined)[] = id.items;
  const isStorage = kind === 'storage' && type instanceof GlobalValue && type.storage !== undefined;
  if (id.items.length !== 5 || !isStorage || typeof key !== 'string' || typeof location !== 'string') {
    throw fail("persistent id is not ('storage', type, key, location, numel)");
  }
  if (typeof numel !== 'number') throw fail(`storage ${key}: the number of elements is a ${typeof numel}`);
  if (numel < 0) throw fail(`storage ${key} has ${numel} elements`);
  return { type: type.storage, key, location, numel };
}

function persistentId(machine: Machine): void {
  const id = machine.pop();
  if (typeof id !== 'object' || id?.type !== 'tuple') throw machine.fail('persistent id is not a tuple');
  machine.spend(COST.object);
  machine.push(machine.storages.load(storageId(id, machine), machine.fail));
}

function globalByName(machine: Machine): void {
  const module = machine.input.line(MAX_GLOBAL_NAME);
  machine.global(module, machine.input.line(MAX_GLOBAL_NAME));
}

function stackGlobal(machine: Machine): void {
  const name = machine.pop();
  const module = machine.pop();
  if (typeof module !== 'string' || typeof name !== 'string') throw machine.fail('STACK_GLOBAL without two strings');
  machine.global(module, name);
}

function protocol(machine: Machine): void {
  const version = machine.input.u8();
  if (version < 2 || version > 5) {
    throw machine.fail(`pickle protocol ${version}, expected 2 to 5`, 'UNSUPPORTED_PICKLE');
  }
  if (machine.at !== 0) throw machine.fail('PROTO that is not the first opcode');
  machine.protocol = version;
}

/** A frame only groups opcodes; it must still end inside the pickle. */
function frame(machine: Machine): void {
  const length = machine.input.u64();
  if (length > machine.input.left) {
    throw machine.fail(`frame of ${length} bytes, only ${machine.input.left} left`);
  }
}

function memoize(machine: Machine): void {
  machine.put(machine.memoSize);
}

function pushSet(machine: Machine): void {
  machine.spend(COST.set);
  const set: GrowingSet = { type: 'set', frozen: false, items: [] };
  machine.push(set);
}

function frozenSet(machine: Machine): void {
  const items = machine.popMark();
  machine.spend(COST.set + COST.slot * items.length);
  machine.push({ type: 'set', frozen: true, items });
}

function emptyList(machine: Machine): void {
  machine.spend(COST.list);
  machine.push(new ListValue());
}

function emptyDict(machine: Machine): void {
  machine.spend(COST.dict);
  machine.push(new DictValue(false));
}

const BY_OPCODE: readonly (readonly [number, Handler])[] = [
  [Op.PROTO, protocol],
  [Op.FRAME, frame],
  [Op.MARK, mark],
  [Op.POP, (m) => void m.pop()],
  [Op.POP_MARK, (m) => void m.popMark()],
  [Op.DUP, (m) => m.push(m.top())],
  [Op.NONE, (m) => m.push(null)],
  [Op.NEWTRUE, (m) => m.push(true)],
  [Op.NEWFALSE, (m) => m.push(false)],
  [Op.BININT, (m) => m.push(m.input.i32())],
  [Op.BININT1, (m) => m.push(m.input.u8())],
  [Op.BININT2, (m) => m.push(m.input.u16())],
  [Op.LONG1, long],
  [Op.BINFLOAT, (m) => m.pushFloat(m.input.doubleBigEndian())],
  [Op.BINUNICODE, (m) => text(m, m.input.u32())],
  [Op.SHORT_BINUNICODE, (m) => text(m, m.input.u8())],
  [Op.BINUNICODE8, (m) => text(m, m.input.u64())],
  [Op.SHORT_BINSTRING, (m) => asciiText(m, m.input.u8())],
  [Op.BINSTRING, (m) => asciiText(m, m.input.u32())],
  [Op.SHORT_BINBYTES, (m) => bytes(m, m.input.u8())],
  [Op.BINBYTES, (m) => bytes(m, m.input.u32())],
  [Op.BINBYTES8, (m) => bytes(m, m.input.u64())],
  [Op.BYTEARRAY8, (m) => bytes(m, m.input.u64())],
  [Op.EMPTY_LIST, emptyList],
  [Op.APPEND, append],
  [Op.APPENDS, appends],
  [Op.EMPTY_TUPLE, (m) => m.tuple([])],
  [Op.TUPLE, (m) => m.tuple(m.popMark())],
  [Op.TUPLE1, smallTuple(1)],
  [Op.TUPLE2, smallTuple(2)],
  [Op.TUPLE3, smallTuple(3)],
  [Op.EMPTY_DICT, emptyDict],
  [Op.SETITEM, (m) => setAll(m, m.popMany(2))],
  [Op.SETITEMS, (m) => setAll(m, m.popMark())],
  [Op.EMPTY_SET, pushSet],
  [Op.ADDITEMS, addItems],
  [Op.FROZENSET, frozenSet],
  [Op.BINPUT, (m) => m.put(m.input.u8())],
  [Op.LONG_BINPUT, (m) => m.put(m.input.u32())],
  [Op.MEMOIZE, memoize],
  [Op.BINGET, (m) => m.get(m.input.u8())],
  [Op.LONG_BINGET, (m) => m.get(m.input.u32())],
  [Op.GLOBAL, globalByName],
  [Op.STACK_GLOBAL, stackGlobal],
  [Op.REDUCE, reduce],
  [Op.NEWOBJ, (m) => newObject(m, ...(m.popMany(2) as [PyValue, PyValue]))],
  [Op.NEWOBJ_EX, newObjectEx],
  [Op.BUILD, build],
  [Op.BINPERSID, persistentId],
];

/** Indexed by opcode; undefined where there is none. */
export const HANDLERS: readonly (Handler | undefined)[] = Array.from(
  { length: 256 },
  (_, opcode) => BY_OPCODE.find(([known]) => known === opcode)?.[1],
);
