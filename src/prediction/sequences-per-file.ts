import { FailureType } from '../contract/failure-types.ts';
import type { PredictVirusInput } from '../contract/prediction.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { DEFAULT_SEQUENCES_PER_FILE, type ScannedInput } from '../run/inputs.ts';
import type { RunManifest } from '../run/manifest.ts';
import { existingSplit, type ExistingSplit } from './existing-split.ts';

interface FoundSplit extends ExistingSplit {
  stem: string;
}

/**
 * Sequences per split file: as the request says, else run.json, else as the folder was split before there was one.
 *
 * @throws VirnucproError `CheckpointError.Incompatible` naming both numbers where split files are there that were made
 *   with another one; what existingSplit throws
 */
export async function sequencesPerFileOf(
  { directory, sequencesPerFile }: PredictVirusInput,
  { settings }: RunManifest,
  scanned: readonly ScannedInput[],
  signal: AbortSignal,
): Promise<number> {
  if (settings !== undefined) return sequencesPerFile ?? settings.sequencesPerFile;
  const splits: FoundSplit[] = [];
  for (const { stem } of scanned) {
    const split = await existingSplit(directory, stem, signal);
    if (split !== undefined) splits.push({ ...split, stem });
  }
  const size = sequencesPerFile ?? sizeOf(splits);
  const other = splits.find((split) =>
    split.atLeast ? size < split.sequencesPerFile : size !== split.sequencesPerFile,
  );
  if (other === undefined) return size;
  throw new VirnucproError(
    FailureType.CheckpointIncompatible,
    `incompatible: ${directory} was split into files of ${other.sequencesPerFile} sequences (input ${other.stem}), ` +
      `expected ${size}; leave --sequences-per-file out, or choose another folder`,
  );
}

/** What all splits can have been made with; a lone file says only that it was enough. */
function sizeOf(splits: readonly FoundSplit[]): number {
  const exact = splits.find(({ atLeast }) => !atLeast);
  if (exact !== undefined) return exact.sequencesPerFile;
  return Math.max(DEFAULT_SEQUENCES_PER_FILE, ...splits.map((split) => split.sequencesPerFile));
}
