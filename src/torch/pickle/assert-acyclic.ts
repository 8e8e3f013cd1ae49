import { MAX_DEPTH } from '../limits.ts';
import type { Construction } from './globals.ts';
import { ListValue } from './containers.ts';
import type { ListPart } from './containers.ts';
import type { InertObject, PyDict, PyValue } from './values.ts';

type Container = Exclude<PyValue, string | number | bigint | boolean | null>;

const NO_CHILDREN: readonly PyValue[] = [];

/** Keys and values that can hold others. */
function objectsIn(dict: PyDict): readonly PyValue[] {
  const found: PyValue[] = [];
  for (const key of dict.keys()) if (typeof key === 'object') found.push(key);
  for (const value of dict.values()) if (typeof value === 'object') found.push(value);
  if (typeof dict.attributes === 'object') found.push(dict.attributes);
  return found;
}

function partsOf({ args, keywords, state, items, entries }: InertObject): readonly PyValue[] {
  return [args, keywords, state, items, entries].filter((part) => part !== undefined);
}

type Child = ListPart;

/** So short that looking at a shared one again costs no more than remembering that it was looked at. */
const SHORT = 8;

function holdsNothing(child: Child): boolean {
  return typeof child !== 'object' || child === null || child.type === 'float-run' || child.type === 'text-run';
}

/** Such as the floats of one row. */
function isFlat(child: Child): boolean {
  if (holdsNothing(child)) return true;
  const { type } = child as Container;
  if (type !== 'list' && type !== 'tuple') return false;
  const children = childrenOf(child as Container);
  return children.length <= SHORT && children.every(holdsNothing);
}

/** Whether nothing in `children` can lead back to them, and finding that out again costs little. */
function isLeaf(value: Container, children: readonly Child[]): boolean {
  const size = value.type === 'dict' ? value.size : children.length;
  return size <= SHORT && children.every(isFlat);
}

function childrenOf(value: Container): readonly Child[] {
  switch (value.type) {
    case 'list':
      return value instanceof ListValue ? value.compactParts : value.parts;
    case 'tuple':
    case 'set':
      return value.items;
    case 'dict':
      return objectsIn(value);
    case 'opaque':
      return value.args;
    case 'inert-object':
      return partsOf(value);
    case 'numpy-array':
      return value.objects === undefined ? NO_CHILDREN : [value.objects];
    case 'float':
    case 'complex':
    case 'bytes':
    case 'global':
    case 'inert-global':
    case 'tensor':
    case 'storage':
    case 'numpy-dtype':
    case 'numpy-scalar':
      return NO_CHILDREN;
  }
}

interface Frame {
  readonly value: Container;
  readonly children: readonly Child[];
  next: number;
}

/**
 * Makes sure that whoever walks the values comes to an end: no object contains itself, and none is nested deeper than
 * {@link MAX_DEPTH}. Shared objects are fine and are visited once.
 *
 * @throws TorchFileError `CYCLE`, `LIMIT_EXCEEDED`
 */
export function assertAcyclic(root: PyValue, fail: Construction['fail']): void {
  const done = new Set<Container>();
  const open = new Set<Container>();
  const path: Frame[] = [];
  const enter = (value: Child): void => {
    if (typeof value !== 'object' || value === null || value.type === 'float-run' || value.type === 'text-run') return;
    // First: the children of a dict take as long as it is large, and a file may refer to it again and again.
    if (done.has(value)) return;
    const children = childrenOf(value);
    if (isLeaf(value, children)) return;
    if (open.has(value)) throw fail(`a ${value.type} that contains itself`, 'CYCLE');
    if (path.length >= MAX_DEPTH) throw fail(`values nested deeper than ${MAX_DEPTH}`, 'LIMIT_EXCEEDED');
    open.add(value);
    path.push({ value, children, next: 0 });
  };
  enter(root);
  for (let frame = path.at(-1); frame !== undefined; frame = path.at(-1)) {
    if (frame.next < frame.children.length) {
      enter(frame.children[frame.next++] as Child);
      continue;
    }
    path.pop();
    open.delete(frame.value);
    done.add(frame.value);
  }
}
