import { DictValue } from './containers.ts';
import type { Construction } from './globals.ts';
import type { PyBytes, PyComplex, PySet, PyValue } from './values.ts';

export function makeOrderedDict(args: readonly PyValue[], { fail }: Construction): DictValue {
  if (args.length > 0) throw fail('OrderedDict with arguments', 'UNSUPPORTED_PICKLE');
  return new DictValue(true);
}

/** Bytes of heap for one place in an array. */
const SLOT = 12;

/** A copy, because the list may still grow. */
function listItems(args: readonly PyValue[], construction: Construction, what: string): readonly PyValue[] {
  const { fail } = construction;
  const [items] = args;
  if (items === undefined) return [];
  if (typeof items !== 'object' || items?.type !== 'list') throw fail(`${what} of something that is not a list`);
  if (items.parts.some((part) => typeof part === 'object' && part?.type === 'float-run')) {
    throw fail(`${what} of a long list of floats`, 'UNSUPPORTED_PICKLE');
  }
  construction.spend(SLOT * items.length);
  return items.parts.slice() as readonly PyValue[];
}

/** `set([…])`: how protocol 2 writes a set. */
export function makeSet(args: readonly PyValue[], construction: Construction): PySet {
  return { type: 'set', frozen: false, items: listItems(args, construction, 'set') };
}

export function makeFrozenSet(args: readonly PyValue[], construction: Construction): PySet {
  return { type: 'set', frozen: true, items: listItems(args, construction, 'frozenset') };
}

/** A Python int or float as a JS number. */
export function numberOf(value: PyValue | undefined): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'object' && value?.type === 'float') return value.value;
  return undefined;
}

export function makeComplex(args: readonly PyValue[], { fail }: Construction): PyComplex {
  const [re, im] = [numberOf(args[0]), numberOf(args[1])];
  if (re === undefined || im === undefined) throw fail('complex of something that is not two numbers');
  return { type: 'complex', re, im };
}

const LATIN1_NAMES: readonly PyValue[] = ['latin1', 'latin-1'];

/** `_codecs.encode(text, 'latin1')`: how protocol 2 writes bytes. */
export function encodeLatin1(args: readonly PyValue[], construction: Construction): PyBytes {
  const [text, encoding] = args;
  if (typeof text !== 'string' || !LATIN1_NAMES.includes(encoding ?? null)) {
    throw construction.fail('_codecs.encode of something that is not text in latin1', 'UNSUPPORTED_PICKLE');
  }
  construction.spend(text.length);
  const bytes = Buffer.from(text, 'latin1');
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0xff) throw construction.fail('character beyond latin1 in bytes');
  }
  return { type: 'bytes', bytes };
}

/** `bytearray(b'…')`, `bytearray('…', 'latin-1')`, `bytearray()`, and the same of `bytes`. */
export function makeByteArray(args: readonly PyValue[], construction: Construction): PyBytes {
  const [content] = args;
  if (content === undefined) return { type: 'bytes', bytes: new Uint8Array() };
  if (typeof content === 'object' && content?.type === 'bytes') return content;
  return encodeLatin1(args, construction);
}
