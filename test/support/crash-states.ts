import { Random } from '../fuzz/random.ts';
import type { Disk } from './crash-disk.ts';
import { applyChange, type Change, type CrashFileSystem, type Entry } from './crash-file-system.ts';

/** What becomes of a change that no sync covers: the kinds of damage that a write can take, and none. */
const WRITE_FATES = ['kept', 'lost', 'zeros', 'garbage', 'head', 'tail'] as const;
const OTHER_FATES = ['kept', 'lost'] as const;
type Fate = (typeof WRITE_FATES)[number];

/** What a loss of power may leave. */
export interface CrashState<Note> {
  disk: Disk;
  /** What the program had been told. */
  notes: Note[];
  /** For people: the moment, and what became of what was not synced. */
  description: string;
}

export interface CrashStateOptions {
  /** Entries of the journal before which no crash is looked at. */
  from?: number;
  /** Entries of the journal after which none is. */
  until?: number;
  /** Only the moments at which the program has just been told something: when most may be lost of what it relies on. */
  whenTold?: boolean;
  /** Changes that are not synced, taken together, are tried in all ways up to this number of ways. */
  exhaustive: number;
  /** Beyond it, this many ways are drawn at random, besides the telling ones. */
  samples: number;
  /** Leaves out of the telling ways those in which one change has another fate than the rest. */
  brief?: boolean;
  seed: number;
}

/** Every state in which a loss of power at any moment of a journal may leave the disk; each once, sampled where they are many. */
export function* crashStates<Note>(
  { before, disk: { next }, journal }: CrashFileSystem<Note>,
  options: CrashStateOptions,
): Generator<CrashState<Note>> {
  const seen = new Set<string>();
  for (let moment = options.from ?? 0; moment <= (options.until ?? journal.length); moment++) {
    if (options.whenTold && journal[moment - 1]?.kind !== 'note') continue;
    const entries = journal.slice(0, moment);
    const notes = entries.flatMap((entry) => (entry.kind === 'note' ? [entry.note] : []));
    const changes = settled(entries);
    const open = changes.filter(({ certain }) => !certain).map(({ change }) => change);
    for (const fates of fatesOf(open, { ...options, seed: options.seed + moment })) {
      const disk = diskAfter(before, next, changes, fates);
      const key = `${notes.length} ${disk.digest()}`;
      if (seen.has(key)) continue;
      seen.add(key);
      yield { disk, notes, description: `after entry ${moment} of ${journal.length}: ${describe(open, fates)}` };
    }
  }
}

interface SettledChange {
  change: Change;
  certain: boolean;
}

/** The changes of a journal, and whether a sync has made them certain. */
function settled(entries: readonly Entry<unknown>[]): SettledChange[] {
  const changes: (SettledChange & { doomed: boolean })[] = [];
  for (const entry of entries) {
    if (entry.kind === 'note') continue;
    if (entry.kind !== 'sync' && entry.kind !== 'failed-sync') {
      changes.push({ change: entry, certain: false, doomed: false });
      continue;
    }
    for (const settling of changes) {
      if (settling.change.inode !== entry.inode || settling.doomed) continue;
      if (entry.kind === 'sync') settling.certain = true;
      else settling.doomed = !settling.certain;
    }
  }
  return changes;
}

function diskAfter(before: Disk, next: number, changes: readonly SettledChange[], fates: readonly Fate[]): Disk {
  const disk = before.copy();
  disk.next = next;
  // A folder exists even where its name was lost: what is in it is out of reach then.
  for (const { change } of changes) {
    if (change.kind === 'names' && change.made !== undefined) disk.folders.set(change.made, new Map());
  }
  let open = 0;
  for (const { change, certain } of changes) {
    const fate = certain ? 'kept' : (fates[open++] as Fate);
    carryOut(disk, change, fate);
  }
  return disk;
}

function carryOut(disk: Disk, change: Change, fate: Fate): void {
  if (fate === 'lost') return;
  if (change.kind !== 'write' || fate === 'kept') return applyChange(disk, change);
  const { inode, position, bytes } = change;
  const middle = Math.ceil(bytes.length / 2);
  if (fate === 'head') return disk.write(inode, position, bytes.subarray(0, middle));
  const old = disk.bytes(inode);
  const end = Math.max(old.length, position + bytes.length);
  if (fate === 'tail') return disk.write(inode, position + middle, bytes.subarray(middle));
  // The size came to the disk, the bytes did not: what was there before stays, what is new is zero or anything.
  const grown = Buffer.alloc(end - old.length, fate === 'garbage' ? 0xa5 : 0);
  disk.write(inode, old.length, grown);
}

function fatesOf(open: readonly Change[], options: CrashStateOptions): Fate[][] {
  const choices = open.map(({ kind }): readonly Fate[] => (kind === 'write' ? WRITE_FATES : OTHER_FATES));
  const ways = choices.reduce((product, { length }) => product * length, 1);
  if (ways <= options.exhaustive) return Array.from({ length: ways }, (_, way) => nthWay(choices, way));
  const random = new Random(options.seed, open.length);
  const drawn = Array.from({ length: options.samples }, () => choices.map((fates) => random.pick(fates)));
  return [...tellingWays(open), ...(options.brief ? [] : singledOut(open, choices)), ...drawn];
}

function nthWay(choices: readonly (readonly Fate[])[], way: number): Fate[] {
  let rest = way;
  return choices.map((fates) => {
    const fate = fates[rest % fates.length] as Fate;
    rest = Math.floor(rest / fates.length);
    return fate;
  });
}

/** All of them kept or lost, names without bytes, or bytes without names. */
function tellingWays(open: readonly Change[]): Fate[][] {
  const writes = (fate: Fate) => open.map(({ kind }): Fate => (kind === 'write' ? fate : 'kept'));
  return [
    ...WRITE_FATES.map(writes),
    open.map(() => 'lost'),
    open.map(({ kind }) => (kind === 'names' ? 'lost' : 'kept')),
  ];
}

/** One change by itself, the others all kept or all lost. */
function singledOut(open: readonly Change[], choices: readonly (readonly Fate[])[]): Fate[][] {
  return choices.flatMap((fates, chosen) =>
    fates.flatMap((fate) => OTHER_FATES.map((rest) => open.map((_, at) => (at === chosen ? fate : rest)))),
  );
}

function describe(open: readonly Change[], fates: readonly Fate[]): string {
  return open
    .map((change, at) => {
      const what =
        change.kind === 'names'
          ? change.names.map(([name, inode]) => `${inode ? '+' : '-'}${name}`).join()
          : `${change.kind} ${change.inode}`;
      return `${what} ${fates[at]}`;
    })
    .join('; ');
}
