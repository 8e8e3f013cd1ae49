import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { TorchFileError } from '../../../../src/torch/index.ts';
import type { InertObject, PyValue } from '../../../../src/torch/index.ts';
import { buildPickle, float, global, int, storage, tensor, unicode } from '../../../support/build-pickle.ts';
import type { PicklePart } from '../../../support/build-pickle.ts';
import { buildTorchZip } from '../../../support/build-zip.ts';
import { hostilePickles } from '../../../support/hostile-pickles.ts';
import { GROWTH_PER_BYTE } from '../../../support/hostile-classes.ts';
import { INERT_BOMBS } from '../../../support/inert-bombs.ts';
import { measureInputs } from '../../../support/measure-inputs.ts';
import { readBuffer, refusal } from '../../../support/torch-samples.ts';

const script = fileURLToPath(new URL('../../../support/measure-inputs.mjs', import.meta.url));
const dist = new URL('../../../../dist/', import.meta.url);
const VALUES = Buffer.alloc(16);

function fileOf(pickle: Uint8Array): Buffer {
  return buildTorchZip(pickle, { 0: VALUES }).bytes;
}

function readInert(parts: readonly PicklePart[], protocol = 2): PyValue {
  return readBuffer(fileOf(buildPickle(parts, protocol)), { unknownGlobals: 'inert' }).root;
}

/** How the object was made differs; what it is must not. */
const OF = { type: 'inert-global', module: 'pkg.mod', name: 'Net' };
const net = global('pkg.mod', 'Net');

describe('objects of unknown classes, kept as data', () => {
  test('NEWOBJ and BUILD, as a module is saved → class, no arguments, the dict of its attributes', () => {
    const root = readInert([net, ')\x81}', unicode('weight'), tensor(), 'sb']) as InertObject;
    expect(root).toMatchObject({ type: 'inert-object', of: OF, args: { items: [] }, keywords: undefined });
    const state = root.state;
    expect(state).toMatchObject({ type: 'dict', size: 1 });
    expect(state !== null && typeof state === 'object' && 'get' in state && state.get('weight')).toMatchObject({
      type: 'tensor',
      shape: [4],
    });
  });

  test.each<[string, PicklePart[], number]>([
    ['REDUCE', [net, 'K\x01\x85R'], 2],
    ['NEWOBJ', [net, 'K\x01\x85\x81'], 2],
    ['NEWOBJ_EX', [net, 'K\x01\x85}\x92'], 4],
    ['STACK_GLOBAL, REDUCE', [unicode('pkg.mod'), unicode('Net'), '\x93K\x01\x85R'], 4],
  ])('%s → class and arguments', (_, parts, protocol) => {
    expect(readInert(parts, protocol)).toMatchObject({ type: 'inert-object', of: OF, args: { items: [1] } });
  });

  test('NEWOBJ_EX with keywords → kept', () => {
    const root = readInert([net, ')}', unicode('dim'), 'K\x05s\x92'], 4) as InertObject;
    expect(root.keywords?.get('dim')).toBe(5);
  });

  test('APPEND, APPENDS, SETITEM, SETITEMS on an object → its items and entries', () => {
    const root = readInert([net, ')\x81K\x01a(K\x02', float(3), 'e', unicode('a'), 'Ns(', unicode('b'), 'Nu']);
    const { items, entries } = root as InertObject;
    expect(items?.parts).toEqual([1, 2, { type: 'float', value: 3 }]);
    expect([...(entries?.keys() ?? [])]).toEqual(['a', 'b']);
  });

  test('a name alone → the name', () => {
    expect(readInert([net])).toEqual(OF);
  });

  test('the same object twice → shared', () => {
    const root = readInert([net, ')\x81q\x01h\x01\x86']) as { items: readonly PyValue[] };
    expect(root.items[0]).toBe(root.items[1]);
  });

  test.each<[string, PicklePart[], string]>([
    ['a second BUILD', [net, ')\x81}b}b'], 'a second state of pkg.mod.Net'],
    ['a call without a tuple', [net, 'NR'], 'pkg.mod.Net called without a tuple'],
    ['a call of what a call made', [net, ')R)R'], 'not callable'],
    ['a state for a class', [net, '}b'], 'takes no state'],
    ['an item for a class', [net, 'Na'], 'not a list'],
    ['a storage of an unknown type', [storage('0', 4, 'Storage', 'evil')], 'persistent id'],
    ['an unknown persistent id', [net, 'Q'], 'persistent id'],
    ['an object that holds itself', [net, ')\x81q\x01h\x01b'], 'contains itself'],
    ['INST', ['(ipkg.mod\nNet\n'], 'INST'],
    ['OBJ', ['(', net, 'o'], 'OBJ'],
    ['EXT1', ['\x82\x01'], 'EXT1'],
    ['a tensor hook', [global('torch._utils', '_rebuild_tensor_v2'), net, 'R'], 'without a tuple'],
  ])('%s → refused', (_, parts, message) => {
    expect(refusal(() => readInert(parts)).message).toContain(message);
  });

  test('without the option → UNSAFE_GLOBAL', () => {
    expect(refusal(() => readBuffer(fileOf(buildPickle([net, ')\x81}b'])))).code).toBe('UNSAFE_GLOBAL');
  });
});

/** Everything in a value, each object once. */
function reached(root: PyValue): PyValue[] {
  const seen = new Set<PyValue>();
  const todo: (PyValue | undefined)[] = [root];
  while (todo.length > 0) {
    const value = todo.pop();
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    if (value.type === 'inert-object')
      todo.push(value.of, value.args, value.keywords, value.state, value.items, value.entries);
    else if (value.type === 'list') todo.push(...(value.parts as PyValue[]));
    else if (value.type === 'tuple' || value.type === 'set') todo.push(...value.items);
    else if (value.type === 'dict') todo.push(...value.keys(), ...value.values(), value.attributes);
    else if (value.type === 'opaque') todo.push(...value.args);
    else if (value.type === 'numpy-array') todo.push(value.objects);
  }
  return [...seen];
}

/** The tokens of the allowlist build data; nothing else that a file can reach may be a function. */
function holdsFunction(value: PyValue): boolean {
  if (typeof value !== 'object' || value === null || value.type === 'global') return false;
  return Object.values(value).some((own) => typeof own === 'function');
}

describe('hostile pickles, with unknown names kept as data', () => {
  const pickles = hostilePickles();

  test(`${pickles.length} pickles that would run code → refused, or nothing but data`, () => {
    const outcomes = pickles.map(({ pickle }) => {
      try {
        const { root } = readBuffer(fileOf(pickle), { unknownGlobals: 'inert' });
        return reached(root).some(holdsFunction) ? 'a function' : 'data';
      } catch (error) {
        if (error instanceof TorchFileError) return 'refused';
        throw error;
      }
    });
    expect(pickles.filter((_, index) => outcomes[index] === 'a function')).toEqual([]);
    expect(outcomes.filter((outcome) => outcome === 'data').length).toBeGreaterThan(1000);
    expect(existsSync('pwned')).toBe(false);
  });

  // A process that may only read: no code from text, no writing, no further process. Memory is that of Linux' proc(5).
  describe.skipIf(!existsSync('/proc/self/clear_refs'))('in a process that may only read', () => {
    test('the same pickles → no harm done, little memory', () => {
      const inputs = pickles.filter((_, index) => index % 5 === 0).map(({ pickle }) => fileOf(pickle));
      const { measured, growth } = measureInputs(script, dist, inputs, 'inert');
      expect(measured.filter(({ outcome }) => outcome.startsWith('threw'))).toEqual([]);
      expect(measured.some(({ outcome }) => outcome === 'accepted')).toBe(true);
      expect(growth).toBeLessThan(64 << 20);
    });

    test('millions of unknown names and objects → refused or read, memory within its bound', () => {
      const inputs = INERT_BOMBS.map(({ make }) => make());
      const { measured, growth } = measureInputs(script, dist, inputs, 'inert');
      const outcomes = Object.fromEntries(INERT_BOMBS.map(({ title }, index) => [title, measured[index]?.outcome]));
      expect(Object.values(outcomes).filter((outcome) => outcome?.startsWith('threw'))).toEqual([]);
      expect(outcomes).toMatchObject({
        '10^6 unknown names': 'LIMIT_EXCEEDED',
        '2^60 references by a DAG of states': 'accepted',
        'a state that is the object': 'CYCLE',
        'an item that is the object': 'CYCLE',
      });
      expect(growth).toBeLessThan(GROWTH_PER_BYTE * Math.max(...inputs.map(({ length }) => length)));
    });
  });

  test('a limit of nesting, a name without an end → refused', () => {
    const nested = [net, 'q\x000)', ...Array<string>(3000).fill('q\x010h\0h\x01R\x85')];
    expect(refusal(() => readInert(nested)).code).toBe('LIMIT_EXCEEDED');
    expect(refusal(() => readInert([`c${'x'.repeat(300)}\ny\n`])).code).toBe('BROKEN_PICKLE');
    expect(refusal(() => readInert([net, int(1).subarray(0, 3)])).code).toBe('BROKEN_PICKLE');
  });
});
