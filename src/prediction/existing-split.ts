import * as path from 'node:path';
import { incompatible } from '../checkpoint/errors.ts';
import { inspectCheckpoint } from '../checkpoint/index.ts';
import { listOrNone } from '../platform/missing.ts';
import { countRecords } from '../sequences/index.ts';
import { unavailableOf } from './unavailable.ts';
import { checkpointNumber, mergedFolder, sideFolder, splitNumber, type SideName } from './paths.ts';

/** How a folder that is there already was split. */
export interface ExistingSplit {
  /** Sequences in each file but the last. */
  sequencesPerFile: number;
  /** There is one file only: any larger number would have given the same. */
  atLeast: boolean;
}

interface SideSplit extends ExistingSplit {
  folder: string;
}

/**
 * The split that an earlier run, or VirNucPro itself, left of one input: every file but the last holds as many sequences,
 * the same number on both sides. Where the split files are gone, the first checkpoint tells.
 *
 * @returns undefined if there is neither
 * @throws CheckpointError `incompatible` if they do not agree, `unavailable` if a checkpoint cannot be looked at now; errno
 *   errors; the reason of `signal`
 */
export async function existingSplit(
  directory: string,
  stem: string,
  signal?: AbortSignal,
): Promise<ExistingSplit | undefined> {
  const nucleotide = await sideSplit(directory, stem, 'nucleotide', signal);
  const protein = await sideSplit(directory, stem, 'protein', signal);
  if (nucleotide === undefined && protein === undefined) return splitOfCheckpoints(directory, stem, signal);
  if (nucleotide === undefined || protein === undefined) return withoutFolder(nucleotide ?? protein);
  const [exact, other] = nucleotide.atLeast ? [protein, nucleotide] : [nucleotide, protein];
  const agree = other.atLeast
    ? other.sequencesPerFile <= exact.sequencesPerFile || exact.atLeast
    : other.sequencesPerFile === exact.sequencesPerFile;
  if (!agree) {
    const text =
      `both sides have to be split alike: ${exact.sequencesPerFile} sequences per file here, ` +
      `${other.sequencesPerFile} in ${other.folder}; move the split files of one side away`;
    throw incompatible(exact.folder, 'SPLIT', text);
  }
  const sequencesPerFile = exact.atLeast
    ? Math.max(exact.sequencesPerFile, other.sequencesPerFile)
    : exact.sequencesPerFile;
  return { sequencesPerFile, atLeast: exact.atLeast };
}

function withoutFolder(split: SideSplit | undefined): ExistingSplit | undefined {
  return split && { sequencesPerFile: split.sequencesPerFile, atLeast: split.atLeast };
}

/** Of the merged checkpoints, or else those of a side: the first one that can be read. */
async function splitOfCheckpoints(
  directory: string,
  stem: string,
  signal: AbortSignal | undefined,
): Promise<ExistingSplit | undefined> {
  const sides = [mergedFolder(stem), sideFolder(stem, 'protein'), sideFolder(stem, 'nucleotide')];
  for (const side of sides) {
    const folder = path.join(directory, side);
    const parts = new Map<number, string>();
    for (const name of await listOrNone(folder)) {
      const part = checkpointNumber(name);
      if (part !== undefined) parts.set(part, path.join(folder, name));
    }
    const file = parts.get(1);
    if (file === undefined) continue;
    const found = await inspectCheckpoint(file, { ...(signal && { signal }) });
    // A number that is guessed because of a fault of the storage would be bound to the folder for good.
    if (found.result === 'unavailable') throw unavailableOf(file, found);
    if (found.result === 'valid' && found.rows !== undefined) {
      return { sequencesPerFile: found.rows, atLeast: parts.size === 1 };
    }
  }
  return undefined;
}

async function sideSplit(
  directory: string,
  stem: string,
  side: SideName,
  signal: AbortSignal | undefined,
): Promise<SideSplit | undefined> {
  const folder = path.join(directory, sideFolder(stem, side));
  const found: { file: string; part: number; records: number }[] = [];
  for (const name of await listOrNone(folder)) {
    const part = splitNumber(name);
    if (part === undefined) continue;
    const file = path.join(folder, name);
    found.push({ file, part, records: await countRecords(file, signal) });
  }
  const files = found.toSorted((a, b) => a.part - b.part);
  const last = files.at(-1);
  if (last === undefined) return undefined;
  // Of a lone file nothing tells whether it is the last; of several, those before the last one are full.
  const full = files.length === 1 ? last : files[0]!;
  for (const { file, records } of files) {
    const fits = file === last.file ? records <= full.records : records === full.records;
    if (fits) continue;
    const text = `expected ${full.records} sequences as in ${path.basename(full.file)}, got ${records}; move it away`;
    throw incompatible(file, 'SPLIT', text);
  }
  return { folder, sequencesPerFile: full.records, atLeast: files.length === 1 };
}
