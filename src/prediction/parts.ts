import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { pathsOf } from './paths.ts';
import { readStageRecord } from './stage-record.ts';
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
  const record = await readStageRecord(context, 'splitting');
  const parts = record?.facts['parts'];
  const sequences = record?.facts['sequences'];
  if (parts !== undefined && sequences !== undefined) return { parts, sequences };
  const { split } = pathsOf(context.request, context.input);
  throw new VirnucproError(
    FailureType.RunInvalidInput,
    `${context.directory}: the sequences of ${context.input.stem} are not split yet (${split('nucleotide', 1)}): run the stage splitSequences first`,
  );
}
