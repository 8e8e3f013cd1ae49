import { MAX_KEY_NODES } from '../limits.ts';
import type { FloatRun, PyDict, PyList, PyTuple, PyValue } from './values.ts';

/** A list under construction and finished. */
export class ListValue implements PyList {
  readonly type = 'list';
  readonly parts: (PyValue | FloatRun)[] = [];
  length = 0;
  floatCount = 0;

  push(value: PyValue): void {
    this.parts.push(value);
    this.length += 1;
    if (typeof value === 'object' && value !== null && value.type === 'float') this.floatCount += 1;
  }

  pushRun(run: FloatRun): void {
    this.parts.push(run);
    this.length += run.count;
    this.floatCount += run.count;
  }
}

/** Thrown for a key that Python could not hash either, or that is unreasonably large. */
export class BadKeyError extends Error {}

/** Stands for the content of a tuple or of bytes, which a JS `Map` would compare by identity. */
class ContentKey {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Something that a JS `Map` compares as Python compares the key: numbers by value across types, everything else by
 * identity, except for what is compared by content.
 */
function mapKey(key: PyValue): unknown {
  if (typeof key === 'string' || typeof key === 'number') return key;
  if (typeof key === 'boolean') return Number(key);
  if (typeof key !== 'object' || key === null) return key;
  if (key.type === 'float') return Number.isInteger(key.value) ? integerKey(key.value) : key.value;
  if (key.type === 'bytes') return new ContentKey(`b${Buffer.from(key.bytes).toString('latin1')}`);
  if (key.type === 'tuple') return new ContentKey(`t${tupleKey(key)}`);
  if (key.type === 'list' || key.type === 'dict' || (key.type === 'set' && !key.frozen)) {
    throw new BadKeyError(`unhashable type '${key.type}' as a key`);
  }
  return key;
}

function integerKey(value: number): number | bigint {
  return Number.isSafeInteger(value) ? value : BigInt(value);
}

/** Walks with a stack of its own: the depth and the size of a tuple are chosen by the file. */
function tupleKey(tuple: PyTuple): string {
  const parts: string[] = [];
  const todo: (PyValue | undefined)[] = [tuple];
  while (todo.length > 0) {
    if (parts.length > MAX_KEY_NODES) throw new BadKeyError(`tuple of more than ${MAX_KEY_NODES} values as a key`);
    const value = todo.pop();
    if (typeof value === 'object' && value?.type === 'tuple') {
      parts.push(`(${value.items.length}`);
      for (const item of value.items.toReversed()) todo.push(item);
      continue;
    }
    const mapped = mapKey(value ?? null);
    const key = mapped instanceof ContentKey ? mapped.text : mapped;
    if (typeof key === 'object' && key !== null) throw new BadKeyError('tuple with an object in it as a key');
    const text = String(key);
    parts.push(`${typeof key}${text.length}:${text}`);
  }
  return parts.join(',');
}

const NO_ENTRIES: ReadonlyMap<unknown, [PyValue, PyValue]> = new Map();

/** A dict under construction and finished. */
export class DictValue implements PyDict {
  readonly type = 'dict';
  readonly ordered: boolean;
  attributes: PyValue | undefined = undefined;
  /** Made with the first key: every tensor carries an empty OrderedDict. */
  #entries: Map<unknown, [PyValue, PyValue]> | undefined;
  /** The first key of each content. */
  #contentKeys: Map<string, ContentKey> | undefined;

  constructor(ordered: boolean) {
    this.ordered = ordered;
  }

  get size(): number {
    return this.#entries?.size ?? 0;
  }

  /** As in Python, a key that is there keeps its place and its first form. */
  set(key: PyValue, value: PyValue): void {
    this.#entries ??= new Map();
    let known = mapKey(key);
    if (known instanceof ContentKey) {
      this.#contentKeys ??= new Map();
      const first = this.#contentKeys.get(known.text);
      if (first === undefined) this.#contentKeys.set(known.text, known);
      else known = first;
    }
    const entry = this.#entries.get(known);
    if (entry === undefined) this.#entries.set(known, [key, value]);
    else entry[1] = value;
  }

  get(key: PyValue): PyValue | undefined {
    const known = mapKey(key);
    return this.#entries?.get(known instanceof ContentKey ? this.#contentKeys?.get(known.text) : known)?.[1];
  }

  has(key: PyValue): boolean {
    return this.get(key) !== undefined;
  }

  *keys(): IterableIterator<PyValue> {
    for (const [key] of this.entries()) yield key;
  }

  entries(): IterableIterator<readonly [PyValue, PyValue]> {
    return (this.#entries ?? NO_ENTRIES).values();
  }
}
