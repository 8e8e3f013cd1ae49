import { buildTorchZip } from './build-zip.ts';
import { hostilePickles } from './hostile-pickles.ts';
import type { HostilePickle } from './hostile-pickles.ts';
import type { InputCosts } from './measure-inputs.ts';
import { RESOURCE_BOMBS } from './resource-bombs.ts';
import { zipTricks } from './zip-tricks.ts';

/** Hostile inputs that are measured together in one process: what they take is more than what one of them takes. */
export interface HostileClass {
  readonly title: string;
  readonly accepted: boolean;
  /** Made when they are needed, some are large. */
  readonly inputs: () => readonly { readonly title: string; readonly bytes: Buffer }[];
  /** Milliseconds that one input may take on an idle machine. */
  readonly maxMs: number;
}

const STORAGE = Buffer.alloc(16);

/** Resident memory that any input may take. */
const MAX_GROWTH = 64 << 20;

/**
 * And for a large one: a multiple of its own size. Between 14 and 24 were measured, by when the collector of garbage got a
 * processor; what reads an input twice into memory, or keeps it, takes more than twice as much.
 */
export const GROWTH_PER_BYTE = 48;

function byFamily(): Map<string, HostilePickle[]> {
  const families = new Map<string, HostilePickle[]>();
  for (const pickle of hostilePickles()) {
    const members = families.get(pickle.family);
    if (members === undefined) families.set(pickle.family, [pickle]);
    else members.push(pickle);
  }
  return families;
}

function gadgets(): HostileClass[] {
  return [...byFamily()].map(([title, members]) => ({
    title,
    accepted: false,
    maxMs: 50,
    inputs: () =>
      members.map(({ title: of, pickle }) => ({ title: of, bytes: buildTorchZip(pickle, { 0: STORAGE }).bytes })),
  }));
}

export function hostileClasses(): HostileClass[] {
  const bombs = RESOURCE_BOMBS.map(({ title, accepted, make }) => ({
    title: `bomb: ${title}`,
    accepted,
    maxMs: 1000,
    inputs: () => [{ title, bytes: make() }],
  }));
  return [{ title: 'ZIP tricks', accepted: false, maxMs: 50, inputs: zipTricks }, ...gadgets(), ...bombs];
}

/** What is wrong with the outcomes, whatever the speed of the machine. */
export function faultsOf({ accepted }: HostileClass, costs: InputCosts, largest: number): string[] {
  const { measured, growth } = costs;
  const faults = measured.flatMap(({ outcome }) =>
    outcome.startsWith('threw') || (outcome === 'accepted') !== accepted ? [`is ${outcome}`] : [],
  );
  const threw = costs.judged.filter((code) => code.startsWith('threw') || (code === 'valid' && !accepted));
  if (growth > Math.max(MAX_GROWTH, GROWTH_PER_BYTE * largest)) faults.push(`takes ${growth >> 20} MiB`);
  return [...faults, ...threw.map((code) => `is judged ${code}`)];
}
