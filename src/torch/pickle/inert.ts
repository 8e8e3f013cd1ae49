import { DictValue, ListValue } from './containers.ts';
import type { Construction } from './globals.ts';
import { COST } from './cost.ts';
import type { InertGlobal, InertObject, PyTuple, PyValue } from './values.ts';

/** What a pickle does with the names that are not on the allowlist: both do nothing but keep data. */
export type UnknownGlobals = 'refuse' | 'inert';

/** Under construction and finished: what the pickle would have handed to code that is not here. */
export class InertValue implements InertObject {
  readonly type = 'inert-object';
  readonly of: InertGlobal;
  readonly args: PyTuple;
  readonly keywords: DictValue | undefined;
  state: PyValue | undefined = undefined;
  items: ListValue | undefined = undefined;
  entries: DictValue | undefined = undefined;

  constructor(of: InertGlobal, args: PyTuple, keywords: DictValue | undefined) {
    this.of = of;
    this.args = args;
    this.keywords = keywords;
  }
}

/** GLOBAL of an unknown name: the name itself, never looked up. */
export function inertGlobal(module: string, name: string, construction: Construction): InertGlobal {
  construction.spend(COST.object + 2 * COST.text + module.length + name.length);
  return { type: 'inert-global', module, name };
}

export function isInertGlobal(value: PyValue): value is InertGlobal {
  return typeof value === 'object' && value?.type === 'inert-global';
}

/** REDUCE, NEWOBJ and NEWOBJ_EX on an unknown name: which of them it was makes no difference to what is kept. */
export function inertCall(
  of: InertGlobal,
  args: PyValue,
  construction: Construction,
  keywords?: DictValue,
): InertValue {
  if (typeof args !== 'object' || args?.type !== 'tuple')
    throw construction.fail(`${nameOf(of)} called without a tuple`);
  construction.spend(COST.object);
  return new InertValue(of, args, keywords);
}

/** BUILD. A second one would have to be merged as the class does it. */
export function buildInert(target: InertValue, state: PyValue, { fail }: Construction): void {
  if (target.state !== undefined) throw fail(`a second state of ${nameOf(target.of)}`, 'UNSUPPORTED_PICKLE');
  target.state = state;
}

/** What APPEND and APPENDS add to. */
export function itemsOf(target: InertValue, construction: Construction): ListValue {
  if (target.items === undefined) construction.spend(COST.list);
  return (target.items ??= new ListValue());
}

/** What SETITEM and SETITEMS add to. */
export function entriesOf(target: InertValue, construction: Construction): DictValue {
  if (target.entries === undefined) construction.spend(COST.dict);
  return (target.entries ??= new DictValue(true));
}

/** `module.name`, short and on one line: both are chosen by the file. */
export function nameOf({ module, name }: { readonly module: string; readonly name: string }): string {
  return JSON.stringify(`${module}.${name}`.slice(0, 200)).slice(1, -1);
}
