import type { PyValue } from '../torch/index.ts';
import { isList, pythonTypeName } from '../torch/index.ts';
import { sequenceItems } from './row-layout.ts';
import { plural, quote } from './text.ts';

/** The ids of a checkpoint. Strings are made of them when they are first asked for, which validation alone does not do. */
export interface Ids {
  readonly count: number;
  /** In row order. */
  all(): readonly string[];
}

/** The ids in the value of the ids key, or why there are none. */
export function readIds(name: string, value: PyValue): { ids: Ids } | { problem: string } {
  if (isList(value) && value.textCount === value.length) {
    return { ids: { count: value.length, all: () => value.parts as readonly string[] } };
  }
  const items = sequenceItems(value);
  if (items === undefined) return { problem: `${name} is not a list of ids (got ${pythonTypeName(value)})` };
  const at = items.findIndex((item) => typeof item !== 'string');
  if (at < 0) return { ids: { count: items.length, all: () => items as readonly string[] } };
  return { problem: `${name}[${at}] is not an id: expected text, got ${pythonTypeName(items[at] ?? null)}` };
}

/**
 * Compares the ids of a checkpoint with those of its input.
 *
 * @param ordered also compare the order; files of before version 1.0 may be ordered otherwise
 * @returns `ids do not match {source}: expected 10000, got 9998, first difference …`, or undefined
 */
export function idsProblem(
  ids: readonly string[],
  expected: readonly string[],
  source: string,
  ordered: boolean,
): string | undefined {
  const difference = ordered ? orderedDifference(ids, expected) : multisetDifference(ids, expected);
  if (difference === undefined) return undefined;
  return `${countsText(ids.length, expected.length, source)}, first difference ${difference}`;
}

/** The same, from the number of ids alone. */
export function idCountProblem(count: number, expected: number, source: string): string | undefined {
  return count === expected ? undefined : countsText(count, expected, source);
}

function countsText(count: number, expected: number, source: string): string {
  return `ids do not match ${source}: expected ${expected}, got ${count}`;
}

function orderedDifference(ids: readonly string[], expected: readonly string[]): string | undefined {
  const length = Math.max(ids.length, expected.length);
  for (let row = 0; row < length; row++) {
    if (ids[row] !== expected[row]) return `at row ${row}: expected ${show(expected[row])}, got ${show(ids[row])}`;
  }
  return undefined;
}

function multisetDifference(ids: readonly string[], expected: readonly string[]): string | undefined {
  const left = new Map<string, number>();
  for (const id of ids) left.set(id, (left.get(id) ?? 0) + 1);
  for (const id of expected) {
    const count = left.get(id) ?? 0;
    if (count === 0) return `${quote(id)}: expected, but missing`;
    left.set(id, count - 1);
  }
  const extra = [...left].find(([, count]) => count > 0);
  return extra && `${quote(extra[0])}: not expected`;
}

function show(id: string | undefined): string {
  return id === undefined ? 'none' : quote(id);
}

const SHOWN_DUPLICATES = 3;

/** A warning that names the first ids that occur more than once; undefined if none does. */
export function duplicateIdsWarning(ids: readonly string[]): string | undefined {
  const rows = new Map<string, number>();
  const repeated = new Map<string, readonly [number, number]>();
  for (const [row, id] of ids.entries()) {
    const first = rows.get(id);
    if (first === undefined) rows.set(id, row);
    else if (!repeated.has(id)) repeated.set(id, [first, row]);
  }
  if (repeated.size === 0) return undefined;
  const shown = [...repeated].slice(0, SHOWN_DUPLICATES);
  const list = shown.map(([id, [first, again]]) => `${quote(id)} (rows ${first} and ${again})`);
  return `duplicate ids: ${plural(repeated.size, 'id')} more than once, first ${list.join(', ')}`;
}
