import { MAX_KEY_CHARACTERS, MAX_KEY_NODES } from '../limits.ts';
import { TextRun } from './text-run.ts';
import type { FloatRun, PyDict, PyList, PyTuple, PyValue } from './values.ts';

const NOTHING: readonly never[] = [];

/** What a list is made of in memory. */
export type ListPart = PyValue | FloatRun | TextRun;

/** A list under construction and finished. */
export class ListValue implements PyList {
  readonly type = 'list';
  length = 0;
  floatCount = 0;
  textCount = 0;
  /** Made with the first part, for one part: most lists are one run of floats, and an array that grows grows by 17. */
  #parts: ListPart[] | undefined;
  #hasTextRun = false;

  get parts(): readonly (PyValue | FloatRun)[] {
    if (this.#hasTextRun) {
      this.#parts = this.#parts?.flatMap<ListPart>((part) => (part instanceof TextRun ? part.texts : [part]));
      this.#hasTextRun = false;
    }
    return (this.#parts ?? NOTHING) as readonly (PyValue | FloatRun)[];
  }

  /** {@link parts}, without making the texts of runs. */
  get compactParts(): readonly ListPart[] {
    return this.#parts ?? NOTHING;
  }

  push(value: PyValue): void {
    this.#add(value);
    this.length += 1;
    if (typeof value === 'string') this.textCount += 1;
    else if (typeof value === 'object' && value !== null && value.type === 'float') this.floatCount += 1;
  }

  pushRun(run: FloatRun): void {
    this.#add(run);
    this.length += run.count;
    this.floatCount += run.count;
  }

  pushTexts(run: TextRun): void {
    this.#add(run);
    this.length += run.count;
    this.textCount += run.count;
    this.#hasTextRun = true;
  }

  #add(part: ListPart): void {
    if (this.#parts === undefined) this.#parts = [part];
    else this.#parts.push(part);
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
  if (key.type === 'bytes' && key.bytes.length > MAX_KEY_CHARACTERS) throw longKey('bytes');
  if (key.type === 'bytes') return new ContentKey(`b${Buffer.from(key.bytes).toString('latin1')}`);
  if (key.type === 'tuple') return new ContentKey(`t${tupleKey(key)}`);
  if (key.type === 'list' || key.type === 'dict' || (key.type === 'set' && !key.frozen)) {
    throw new BadKeyError(`unhashable type '${key.type}' as a key`);
  }
  return key;
}

function longKey(what: string): BadKeyError {
  return new BadKeyError(`${what} of more than ${MAX_KEY_CHARACTERS} characters as a key`);
}

function integerKey(value: number): number | bigint {
  return Number.isSafeInteger(value) ? value : BigInt(value);
}

/** Walks with a stack of its own: the depth and the size of a tuple are chosen by the file. */
function tupleKey(tuple: PyTuple): string {
  const parts: string[] = [];
  const todo: (PyValue | undefined)[] = [tuple];
  let characters = 0;
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
    characters += text.length;
    if (characters > MAX_KEY_CHARACTERS) throw longKey('tuple');
    parts.push(`${typeof key}${text.length}:${text}`);
  }
  return parts.join(',');
}

/** Up to this many keys, looking at each costs less than a map would. */
const FEW_KEYS = 8;

/** A dict under construction and finished. Most are tiny: a label and a row, or nothing at all beside a tensor. */
export class DictValue implements PyDict {
  readonly type = 'dict';
  readonly ordered: boolean;
  attributes: PyValue | undefined = undefined;
  /** In order of insertion; made with the first key. */
  #keys: PyValue[] | undefined;
  #values: PyValue[] | undefined;
  /** Place of each key, made when there are more than a few or one is not a string. */
  #places: Map<unknown, number> | undefined;
  /** The first key of each content. */
  #contentKeys: Map<string, ContentKey> | undefined;

  constructor(ordered: boolean) {
    this.ordered = ordered;
  }

  get size(): number {
    return this.#keys?.length ?? 0;
  }

  /** As in Python, a key that is there keeps its place and its first form. */
  set(key: PyValue, value: PyValue): void {
    this.#keys ??= [];
    this.#values ??= [];
    if (this.#places === undefined && (typeof key !== 'string' || this.#keys.length === FEW_KEYS)) this.#index();
    const mapped = this.#mapped(key, true);
    const known = this.#placeOf(mapped);
    if (known !== undefined) {
      this.#values[known] = value;
      return;
    }
    this.#places?.set(mapped, this.#keys.length);
    this.#keys.push(key);
    this.#values.push(value);
  }

  /** Takes keys and values in turn: what {@link set} would do, and exactly as large as needed where that is easy. */
  setAll(keysAndValues: readonly PyValue[]): void {
    const count = keysAndValues.length / 2;
    if (this.#keys !== undefined || count > FEW_KEYS || !areDistinctTexts(keysAndValues)) {
      for (let i = 0; i < count; i++) this.set(keysAndValues[2 * i] as PyValue, keysAndValues[2 * i + 1] as PyValue);
      return;
    }
    this.#keys = keysAndValues.slice(0, count);
    this.#values = keysAndValues.slice(0, count);
    for (let i = 0; i < count; i++) {
      this.#keys[i] = keysAndValues[2 * i] as PyValue;
      this.#values[i] = keysAndValues[2 * i + 1] as PyValue;
    }
  }

  get(key: PyValue): PyValue | undefined {
    const place = this.#placeOf(this.#mapped(key, false));
    return place === undefined ? undefined : this.#values?.[place];
  }

  has(key: PyValue): boolean {
    return this.get(key) !== undefined;
  }

  keys(): IterableIterator<PyValue> {
    return (this.#keys ?? []).values();
  }

  /** In the order of {@link keys}. */
  values(): readonly PyValue[] {
    return this.#values ?? [];
  }

  *entries(): IterableIterator<readonly [PyValue, PyValue]> {
    for (const [place, key] of (this.#keys ?? []).entries()) yield [key, this.#values?.[place] as PyValue];
  }

  #index(): void {
    this.#places = new Map(this.#keys?.map((key, place) => [key, place]));
  }

  /** The key as a `Map` compares it; a content is kept where it is to be set. */
  #mapped(key: PyValue, keep: boolean): unknown {
    if (typeof key === 'string') return key;
    const mapped = mapKey(key);
    if (!(mapped instanceof ContentKey)) return mapped;
    const first = this.#contentKeys?.get(mapped.text);
    if (first !== undefined || !keep) return first;
    this.#contentKeys ??= new Map();
    this.#contentKeys.set(mapped.text, mapped);
    return mapped;
  }

  #placeOf(mapped: unknown): number | undefined {
    if (this.#places !== undefined) return this.#places.get(mapped);
    const place = typeof mapped === 'string' ? (this.#keys?.indexOf(mapped) ?? -1) : -1;
    return place === -1 ? undefined : place;
  }
}

/** Whether every second value, from the first, is a text of its own. */
function areDistinctTexts(keysAndValues: readonly PyValue[]): boolean {
  for (let i = 0; i < keysAndValues.length; i += 2) {
    if (typeof keysAndValues[i] !== 'string') return false;
    for (let j = 0; j < i; j += 2) if (keysAndValues[j] === keysAndValues[i]) return false;
  }
  return true;
}
