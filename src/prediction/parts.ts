import { createHash } from 'node:crypto';
import { requireStageRecord } from './stage-input.ts';
import { factOf, readStageRecord, type RecordedOutput } from './stage-record.ts';
import type { StageContext } from './stage.ts';

/** How the sequences of an input lie in split files. */
export interface SplitParts {
  /** Files of each side. */
  parts: number;
  sequences: number;
}

/**
 * What the record of the splitting says: files are opened by exact name, never looked for in a listing, which lags on NFS.
 *
 * @throws VirnucproError `RunError.InvalidInput` if the stage has not ended
 */
export async function splitPartsOf(context: StageContext): Promise<SplitParts> {
  const record = await requireStageRecord(context, 'splitting');
  return { parts: factOf(record, 'parts'), sequences: factOf(record, 'sequences') };
}

/** The merged checkpoints of an input. */
export interface MergedParts {
  /** In the order of their parts. */
  parts: readonly RecordedOutput[];
  rows: number;
  /** Tells these checkpoints from others, lower-case hex. */
  digest: string;
}

/**
 * What the record of the merging says; nothing where no frame is free of stops, so that there was nothing to merge.
 *
 * @throws VirnucproError `RunError.InvalidInput` if an earlier stage has not ended
 */
export async function mergedPartsOf(context: StageContext): Promise<MergedParts> {
  const frames = await readStageRecord(context, 'translating');
  if (frames !== undefined && factOf(frames, 'sequences') === 0)
    return { parts: [], rows: 0, digest: digestOfParts([]) };
  const { outputs, ...record } = await requireStageRecord(context, 'merging');
  return { parts: outputs, rows: record.facts['rows'] ?? 0, digest: digestOfParts(outputs) };
}

/** Tells merged checkpoints from others, lower-case hex. */
export function digestOfParts(parts: readonly RecordedOutput[]): string {
  const hash = createHash('sha256');
  for (const { path: name, sha256 } of parts) hash.update(`${name} ${sha256}\n`);
  return hash.digest('hex');
}
