import { createHash } from 'node:crypto';
import * as path from 'node:path';
import { corrupted, errnoOf } from '../checkpoint/errors.ts';
import { FailureType } from '../contract/failure-types.ts';
import { VirnucproError } from '../contract/virnucpro-error.ts';
import { readRecords, type FastaRecord } from '../sequences/index.ts';
import type { RecordedStage } from './paths.ts';
import { REMEDY } from './remedy.ts';
import type { StageRun } from './settle-stage.ts';
import { readStageRecord, type RecordedOutput, type StageRecord } from './stage-record.ts';

/**
 * The record of an earlier stage, whose outputs are the next one's input.
 *
 * @throws VirnucproError `RunError.InvalidInput` if there is none
 */
export async function requireStageRecord(run: StageRun, stage: RecordedStage): Promise<StageRecord> {
  const record = await readStageRecord(run, stage, run.fileSystem);
  if (record !== undefined) return record;
  throw new VirnucproError(
    FailureType.RunInvalidInput,
    `${run.directory} has no record of ${stage} ${run.input.stem}, which was there before: start the prediction again`,
  );
}

/**
 * Reads the records of a FASTA file that an earlier stage left; upper case. The generator throws at the end where the file
 * is not the one that was recorded, so what was made from it counts only when it has returned.
 *
 * @throws CheckpointError `corrupted`; errno errors; the abort reason
 */
export async function* readStageFasta(
  { directory, signal }: Pick<StageRun, 'directory' | 'signal'>,
  { path: name, sha256 }: RecordedOutput,
): AsyncGenerator<FastaRecord, void, undefined> {
  const file = path.join(directory, name);
  const hash = createHash('sha256');
  const onContent = (bytes: Buffer): void => void hash.update(bytes);
  try {
    yield* readRecords(file, { signal, onContent, emptyFile: true, emptyRecords: 'keep' });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT')
      throw corrupted(file, 'MISSING', 'file does not exist; start the prediction again');
    if (!(error instanceof VirnucproError) || error.type !== FailureType.RunInvalidInput) throw error;
    throw corrupted(file, 'CONTENT', `${error.message}; ${REMEDY}`, { cause: error });
  }
  if (hash.digest('hex') !== sha256) {
    throw corrupted(file, 'DIGEST', `changed since it was recorded; ${REMEDY}`);
  }
}
