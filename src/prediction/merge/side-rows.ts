import * as path from 'node:path';
import { CheckpointError, incompatible } from '../../checkpoint/errors.ts';
import { openCheckpoint, openCheckpointSync, type OpenCheckpoint } from '../../checkpoint/open-checkpoint.ts';
import type { WrittenKind } from '../../checkpoint/types.ts';
import { idsWithout, readSkipRecord, type SkippedSequence } from '../../run/skipped-sequences.ts';

/** A checkpoint of one side, and what it has to be. */
export interface SideCheckpoint {
  /** Absolute path of the run folder that it was made in. */
  folder: string;
  /** Name in that folder. */
  name: string;
  kind: WrittenKind;
  dim: number;
}

/** How closely a side is checked before a row of it is used. */
export interface SideCheck {
  /** `deep` reads every byte: an embedding run, which has to be quick about what it finds, looks at no value. */
  level: 'structure' | 'deep';
  signal: AbortSignal;
}

/** Ids that a side has to have. */
export interface ExpectedIds {
  ids: readonly string[];
  /** Name of the split file that they are of, for messages. */
  source: string;
}

/** The rows of one side, and which sequences of the split file it does without. */
export interface OpenedSide {
  checkpoint: OpenCheckpoint;
  skipped: readonly SkippedSequence[];
}

/**
 * Opens the checkpoint of a side, checked as one that is found when a run is planned: its ids are those of the split
 * file, less the ones on record as skipped. In a thread: an abort is noticed while a large file is read.
 *
 * @throws CheckpointError naming the file, and the id that is missing, extra or doubled; errno errors; the abort reason
 */
export async function openSide(
  side: SideCheckpoint,
  { ids, source }: ExpectedIds,
  check: SideCheck,
): Promise<OpenedSide> {
  const file = path.join(side.folder, side.name);
  try {
    return { checkpoint: await openComplete(file, side, { ids, source }, check), skipped: [] };
  } catch (error) {
    if (!(error instanceof CheckpointError) || error.code !== 'IDS_MISMATCH') throw error;
    const skipped = await skippedOf(side, file);
    const kept = skipped && idsWithout(ids, skipped);
    if (skipped === undefined || kept === undefined) throw error;
    return { checkpoint: await openComplete(file, side, { ids: kept, source }, check), skipped };
  }
}

async function openComplete(
  file: string,
  { kind, dim }: SideCheckpoint,
  { ids, source }: ExpectedIds,
  check: SideCheck,
): Promise<OpenCheckpoint> {
  const opened = await openCheckpoint(file, { ...check, expect: { kind, dim, ids, source } });
  if (opened.status !== 'in_progress') return opened;
  opened.close();
  throw incompatible(file, 'IN_PROGRESS', 'status is in_progress: it was never completed; embed it again');
}

async function skippedOf(side: SideCheckpoint, file: string): Promise<readonly SkippedSequence[] | undefined> {
  const { kind, dim } = side;
  const opened = openCheckpointSync(file, { level: 'structure', expect: { kind, dim } });
  opened.close();
  return (await readSkipRecord(side.folder, side.name, opened.ids))?.skipped;
}

/**
 * Which row of a checkpoint belongs to each id.
 *
 * @returns undefined where they are the rows as they come
 * @throws CheckpointError naming the id that has no row, or two
 */
export function rowsOfIds({ path: file, ids }: OpenCheckpoint, wanted: readonly string[]): Uint32Array | undefined {
  if (ids.length === wanted.length && ids.every((id, row) => id === wanted[row])) return undefined;
  const rows = new Map<string, number>();
  for (const [row, id] of ids.entries()) {
    const earlier = rows.get(id);
    if (earlier !== undefined) throw doubled(file, id, earlier, row);
    rows.set(id, row);
  }
  return Uint32Array.from(wanted, (id) => {
    const row = rows.get(id);
    if (row === undefined) throw incompatible(file, 'ID_MISSING', `there is no row for "${id}"`);
    return row;
  });
}

function doubled(file: string, id: string, first: number, again: number): CheckpointError {
  return incompatible(file, 'IDS_DOUBLED', `"${id}" has two rows, ${first} and ${again}`);
}
