import { basename } from 'node:path';
import { CheckpointError } from '../../checkpoint/errors.ts';
import { publishCheckpoint } from '../../checkpoint/publish/publish-checkpoint.ts';
import { blockingFileSystem } from '../../platform/blocking-file-system.ts';
import { nodeFileSystem } from '../../platform/node-file-system.ts';
import { readFasta } from '../../sequences/index.ts';
import { MergedRows } from './merged-rows.ts';
import type { MergedPart, MergePart, MissingSequences } from './merge-tasks.ts';
import { openSide, type OpenedSide } from './side-rows.ts';

/** What tells a running task that it is to end, and whom it tells how far it is. */
export interface Watch {
  signal: AbortSignal;
  /** @param rows done so far */
  onRows(rows: number): void;
}

/** Both embeddings of a part, open, and the ids that a merged checkpoint of them has. */
export interface OpenedPart {
  sides: readonly [OpenedSide, OpenedSide];
  /** Of the split file, in its order. */
  split: readonly string[];
  /** Those of them that both sides have. */
  ids: readonly string[];
  missing: MissingSequences;
  close(): void;
}

/** An embedding that a part needs is not there or not sound. */
export class LackingError extends Error {
  override readonly name = 'LackingError';
  readonly why: CheckpointError;

  constructor(why: CheckpointError) {
    super(why.message, { cause: why });
    this.why = why;
  }
}

/** @throws VirnucproError `RunError.InvalidInput` if it is no FASTA file of distinct ids; errno errors */
export async function idsOfSplit(split: string, signal: AbortSignal): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of readFasta(split, signal)) ids.push(id);
  return ids;
}

/**
 * Opens both embeddings of a part.
 *
 * @throws LackingError; CheckpointError `unavailable`, errno errors, the abort reason
 */
export async function openPart(part: MergePart, signal: AbortSignal): Promise<OpenedPart> {
  const split = await idsOfSplit(part.split, signal);
  const expected = { ids: split, source: basename(part.split) };
  const check = { level: part.level, signal };
  const nucleotide = await lacking(() => openSide(part.nucleotide, expected, check));
  try {
    const protein = await lacking(() => openSide(part.protein, expected, check));
    const skipped = new Set([...nucleotide.skipped, ...protein.skipped].map(({ id }) => id));
    const close = () => [nucleotide, protein].forEach(({ checkpoint }) => checkpoint.close());
    const ids = skipped.size === 0 ? split : split.filter((id) => !skipped.has(id));
    return { sides: [nucleotide, protein], split, ids, missing: namesOf(skipped), close };
  } catch (error) {
    nucleotide.checkpoint.close();
    throw error;
  }
}

async function lacking<Result>(open: () => Promise<Result>): Promise<Result> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof CheckpointError && error.class !== 'unavailable') throw new LackingError(error);
    throw error;
  }
}

const MAX_NAMED = 5;

function namesOf(skipped: ReadonlySet<string>): MissingSequences {
  return { count: skipped.size, ids: [...skipped].slice(0, MAX_NAMED) };
}

/** Beyond this, an abort has to be noticed on the way: calls must not block. */
const LARGE_BYTES = 4 << 20;

/**
 * Publishes the merged checkpoint of a part.
 *
 * @throws LackingError; what publishCheckpoint throws
 */
export async function writePart(part: MergePart, { signal, onRows }: Watch): Promise<MergedPart | 'existing'> {
  const opened = await openPart(part, signal);
  try {
    const rows = mergedRows(opened, opened.ids);
    const rowBytes = rows.dim * Float32Array.BYTES_PER_ELEMENT;
    const fileSystem = rows.rows * rowBytes > LARGE_BYTES ? nodeFileSystem : blockingFileSystem;
    const content = { kind: 'merged', ids: opened.ids, rows } as const;
    const onProgress = (bytes: number) => onRows(Math.min(rows.rows, Math.floor(bytes / rowBytes)));
    const published = await publishCheckpoint(part.target, content, { signal, fileSystem, onProgress });
    if (published.outcome === 'existing') return 'existing';
    const { bytes, sha256 } = published;
    return { rows: rows.rows, bytes, sha256, missing: opened.missing };
  } finally {
    opened.close();
  }
}

/** @throws LackingError where a side has not exactly one row for each id */
export function mergedRows({ sides }: OpenedPart, ids: readonly string[]): MergedRows {
  try {
    return new MergedRows(
      sides.map(({ checkpoint }) => checkpoint),
      ids,
    );
  } catch (error) {
    throw error instanceof CheckpointError ? new LackingError(error) : error;
  }
}
