import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { digestFile } from '../../checkpoint/publish/digest.ts';
import { CheckpointError } from '../../checkpoint/errors.ts';
import { openCheckpointSync, type OpenCheckpoint } from '../../checkpoint/open-checkpoint.ts';
import { quote } from '../../checkpoint/text.ts';
import type { CheckpointExpectation, RowSource } from '../../checkpoint/types.ts';
import { validateCheckpointSync } from '../../checkpoint/validate-checkpoint.ts';
import { nodeFileSystem } from '../../platform/node-file-system.ts';
import { unavailableOf } from '../unavailable.ts';
import type { BadPart, MergedPart, MergePart } from './merge-tasks.ts';
import { idsOfSplit, mergedRows, openPart, type OpenedPart, type Watch } from './merge-part.ts';

/**
 * Whether the merged checkpoint that is there is the one that belongs there: a sound checkpoint with the ids of the split
 * file, less those that an embedding does without, whose rows are those of the embeddings bit by bit. Rows of files of
 * before version 1.0 may be ordered otherwise.
 *
 * @throws LackingError; CheckpointError `unavailable`, errno errors, the abort reason
 */
export async function judgePart(part: MergePart, watch: Watch): Promise<MergedPart | BadPart> {
  const opened = await openPart(part, watch.signal);
  try {
    return await judgeOpened(part, opened, watch);
  } finally {
    opened.close();
  }
}

async function judgeOpened(part: MergePart, opened: OpenedPart, watch: Watch): Promise<MergedPart | BadPart> {
  const { target } = part;
  const expect = { kind: 'merged', ids: opened.ids, source: basename(part.split) } as const;
  let merged: OpenCheckpoint;
  try {
    merged = openCheckpointSync(target, { level: 'structure', expect });
  } catch (error) {
    if (error instanceof CheckpointError && error.class !== 'unavailable') return badOf(error.class, error.reason);
    throw error;
  }
  try {
    if (merged.status === 'in_progress') return IN_PROGRESS;
    const difference = await firstDifference(merged, mergedRows(opened, merged.ids), watch);
    if (difference !== undefined) return whyDifferent(target, expect, difference);
    return { rows: merged.rows, ...(await digestOfFile(target)), missing: opened.missing };
  } finally {
    merged.close();
  }
}

/**
 * {@link judgePart} where the content of found checkpoints is believed: only version, status and the number of ids count.
 * One that holds fewer is judged in full, since only its embeddings can tell whether it should.
 */
export async function judgeTrusted(part: MergePart, watch: Watch): Promise<MergedPart | BadPart> {
  const ids = await idsOfSplit(part.split, watch.signal);
  const expect = { kind: 'merged', ids, source: basename(part.split) } as const;
  const entry = validateCheckpointSync(part.target, { trustContent: true, expect });
  if (entry.code === 'IDS_MISMATCH') return judgePart(part, watch);
  if (entry.status === 'in_progress') return IN_PROGRESS;
  if (entry.result === 'unavailable') throw unavailableOf(part.target, entry);
  if (entry.result !== 'valid') return badOf(entry.result, entry.reason ?? entry.result);
  return { rows: ids.length, ...(await digestOfFile(part.target)), missing: { count: 0, ids: [] } };
}

const IN_PROGRESS: BadPart = { bad: 'in_progress', reason: 'incompatible: status is in_progress' };

function badOf(bad: 'corrupted' | 'incompatible', reason: string): BadPart {
  return { bad, reason };
}

/** Rows compared at a time: about 1.7 MB of each. */
const BLOCK_ROWS = 128;

async function firstDifference(
  merged: OpenCheckpoint,
  wanted: RowSource,
  { signal, onRows }: Watch,
): Promise<string | undefined> {
  const { rows, dim } = merged;
  const found = new Float32Array(BLOCK_ROWS * dim);
  const expected = new Float32Array(BLOCK_ROWS * dim);
  for (let start = 0; start < rows; start += BLOCK_ROWS) {
    // An abort arrives as a message, which takes a turn of the event loop.
    await setImmediate();
    signal.throwIfAborted();
    const count = Math.min(BLOCK_ROWS, rows - start);
    merged.read(start, count, found);
    wanted.read(start, count, expected);
    const bytes = count * dim * Float32Array.BYTES_PER_ELEMENT;
    if (Buffer.from(found.buffer, 0, bytes).equals(Buffer.from(expected.buffer, 0, bytes))) onRows(start + count);
    else return describeDifference(merged, start, found, expected);
  }
  return undefined;
}

function describeDifference(
  merged: OpenCheckpoint,
  start: number,
  found: Float32Array,
  expected: Float32Array,
): string {
  const [bits, wanted] = [new Uint32Array(found.buffer), new Uint32Array(expected.buffer)];
  const at = bits.findIndex((value, index) => value !== wanted[index]);
  const row = start + Math.floor(at / merged.dim);
  return (
    `row ${row} (${quote(merged.ids[row] ?? '')}) is not that of its embeddings: value ${at % merged.dim}: ` +
    `expected ${expected[at]}, got ${found[at]}`
  );
}

/** Rows that differ because the file was damaged make it corrupted: its own CRCs tell, as those of its embeddings have. */
function whyDifferent(target: string, expect: CheckpointExpectation, difference: string): BadPart {
  const { result, reason } = validateCheckpointSync(target, { level: 'deep', expect });
  if (result === 'corrupted') return badOf('corrupted', reason ?? result);
  return badOf('incompatible', `incompatible: ${difference}`);
}

async function digestOfFile(file: string): Promise<{ bytes: number; sha256: string }> {
  const opened = await nodeFileSystem.open(file, 'read');
  try {
    const bytes = await opened.size();
    return { bytes, sha256: await digestFile(opened, bytes) };
  } finally {
    await opened.close();
  }
}
