import type { PyValue } from './values.ts';

/** A stretch of the memo, from index {@link first}. */
interface Segment {
  readonly first: number;
  readonly size: number;
  get(place: number): PyValue | undefined;
  set(place: number, value: PyValue): void;
}

/** Values that were put one by one. */
class ValueSegment implements Segment {
  readonly first: number;
  readonly #values: PyValue[];

  constructor(first: number, value: PyValue) {
    this.first = first;
    this.#values = [value];
  }

  get size(): number {
    return this.#values.length;
  }

  get(place: number): PyValue | undefined {
    return this.#values[place];
  }

  set(place: number, value: PyValue): void {
    this.#values[place] = value;
  }

  add(value: PyValue): void {
    this.#values.push(value);
  }
}

/** What a fast path memoizes, made when it is asked for. */
export interface LazyValues {
  readonly memoSize: number;
  /** @param place from 0 up to {@link memoSize}. @returns the same object each time */
  memoized(place: number): PyValue;
}

class LazySegment implements Segment {
  readonly first: number;
  readonly values: LazyValues;
  /** Values that the file has put in place of others. */
  #replaced: Map<number, PyValue> | undefined;

  constructor(first: number, values: LazyValues) {
    this.first = first;
    this.values = values;
  }

  get size(): number {
    return this.values.memoSize;
  }

  get(place: number): PyValue | undefined {
    const replaced = this.#replaced?.get(place);
    // None is a value like any other.
    return replaced === undefined ? this.values.memoized(place) : replaced;
  }

  set(place: number, value: PyValue): void {
    this.#replaced ??= new Map();
    this.#replaced.set(place, value);
  }
}

/**
 * The memo of a pickle. Python numbers it 0, 1, 2 …: values one by one, and stretches of what the fast paths have passed.
 * Once a file leaves that order, which only other writers do, the rest goes to a map.
 */
export class Memo {
  readonly #segments: Segment[] = [];
  readonly #sparse = new Map<number, PyValue>();

  /** The index that the next PUT of Python's pickler has, and that of MEMOIZE. */
  get size(): number {
    return this.#end + this.#sparse.size;
  }

  /** Whether everything up to here was numbered as Python does. */
  get isDense(): boolean {
    return this.#sparse.size === 0;
  }

  /** @returns whether nothing was there before */
  put(index: number, value: PyValue): boolean {
    const end = this.#end;
    if (index < end) {
      const segment = this.#find(index);
      segment.set(index - segment.first, value);
      return false;
    }
    const isNew = !this.#sparse.has(index);
    if (index === end && this.isDense) this.#add(value);
    else this.#sparse.set(index, value);
    return isNew;
  }

  /** @returns undefined if nothing was put there */
  get(index: number): PyValue | undefined {
    if (index >= this.#end) return this.#sparse.get(index);
    const segment = this.#find(index);
    return segment.get(index - segment.first);
  }

  /** Puts what a fast path memoizes behind all that is there; the memo must be dense. */
  addLazy(values: LazyValues): void {
    this.#segments.push(new LazySegment(this.#end, values));
  }

  /** What was added last, if nothing was put since: it may still grow. */
  get lastLazy(): LazyValues | undefined {
    const last = this.#segments.at(-1);
    return last instanceof LazySegment ? last.values : undefined;
  }

  get #end(): number {
    const last = this.#segments.at(-1);
    return last === undefined ? 0 : last.first + last.size;
  }

  #add(value: PyValue): void {
    const last = this.#segments.at(-1);
    if (last instanceof ValueSegment) last.add(value);
    else this.#segments.push(new ValueSegment(this.#end, value));
  }

  /** The segment with an index that exists: the last that starts before it. */
  #find(index: number): Segment {
    let low = 0;
    let high = this.#segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#segments[middle] as Segment).first <= index) low = middle;
      else high = middle - 1;
    }
    return this.#segments[low] as Segment;
  }
}
